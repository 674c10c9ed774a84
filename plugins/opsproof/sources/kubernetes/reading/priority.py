"""Which PriorityClass the pods of a template will have, as the API server fills it in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from opsproof.model.failure import Undecided
from opsproof.sources.kubernetes.facts.priorities import PriorityClass
from opsproof.sources.kubernetes.reading.room import Demand


def prioritised(demand: Demand, classes: Iterable[PriorityClass]) -> Demand:
    """The demand with its class, the cluster's default one where it names none.

    Raises:
        Undecided: there is no such class.
    """
    name = demand.spec.priority_class_name
    found = [one for one in classes if (one.name == name if name else one.global_default)]
    if name and not found:
        raise Undecided(f"there is no PriorityClass {name[:80]}: its pods are refused")
    if not found:
        return demand
    # Of several defaults, which a race may leave behind, the least counts.
    own = min(found, key=lambda one: one.value)
    spec = msgspec.structs.replace(demand.spec, priority_class_name=own.name)
    return replace(demand, spec=spec, priority=own.value, preempts=own.preempts)
