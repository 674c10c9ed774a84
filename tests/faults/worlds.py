"""Scenarios that are one bad morning of Prometheus: each changes a part of one world, recorded once.

@recorded("the API fails one request in eight", group="metrics beyond their limits")
def errors(world):
    return world.with_errors(0.12, ago=1200), {"RS-042": fail("critical", "signal error-rate")}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.faults.scenario import Changes, Situation, scenario
from tests.testbed.services import monitoring_faults
from tests.testbed.services.healthy import healthy
from tests.testbed.services.world import World

Part = Callable[[World], tuple[World, Changes]]
_PARTS: dict[str, list[Part]] = {}


def recorded(
    name: str, *, group: str, situation: Situation = "violated", proves: tuple[str, ...] = ()
) -> Callable[[Part], Part]:
    """Declare a scenario as a function from a world to the changed world and what it changes.

    The first scenario of the group to be applied puts all its group's parts together and has Prometheus
    start anew with that history; it is the last to be undone.
    """

    def declare(part: Part) -> Part:
        parts = _PARTS.setdefault(group, [])
        parts.append(part)
        leads = len(parts) == 1

        def apply() -> Iterator[Changes]:
            if not leads:
                yield part(healthy())[1]
                return
            world = healthy()
            changes = part(world)[1]
            for one in parts:
                world = one(world)[0]
            with monitoring_faults.world(world):
                yield changes

        apply.__module__ = part.__module__
        scenario(name, situation=situation, group=group, proves=proves)(apply)
        return part

    return declare


def containers(namespace: str, *workloads: str) -> tuple[str, ...]:
    """Subjects: the containers of these workloads, which the testbed names like the workload."""
    return tuple(f"container {namespace}/{name}-*/{name}" for name in workloads)
