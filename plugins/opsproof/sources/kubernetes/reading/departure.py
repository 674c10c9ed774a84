"""Nodes that are rightly on their way out: taken away on purpose, and not for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from opsproof.model.listing import Listing
from opsproof.sources.kubernetes.facts.nodes import Node, Taint
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.reading.transitions import Since, earliest

_AUTOSCALER = "ToBeDeletedByClusterAutoscaler"


class Departure(NamedTuple):
    """Why a node is going, and since when; nothing known when it is well and the taint bears no moment."""

    why: str
    since: Since

    def overdue(self, now: datetime, limit: float) -> bool:
        moment = self.since.moment
        return moment is not None and (now - moment).total_seconds() > limit


def departure(node: Node, now: datetime) -> Departure | None:
    """How a node is leaving; None for one that stays.

    Few taints bear the moment when they were put on. Without it, a node that is not well counts from when
    it went bad: an autoscaler that takes it away would have done so since.
    """
    taint = node.leaving
    if taint is None and not node.terminating:
        return None
    why = f"about to be taken away (taint {taint.key})" if taint is not None else "being deleted"
    told = [one for one in _told(node, taint) if one.moment is not None and one.moment <= now]
    return Departure(why, earliest(*(told or _went_bad(node))))


def out_of_service(pods: Iterable[Pod], nodes: Listing[Node]) -> int:
    """How many of these pods are on nodes that are leaving, not ready or cordoned: taints fend off new ones there."""
    away = {
        node.name
        for node in nodes
        if node.cordoned or not node.ready or departure(node, nodes.clock.latest) is not None
    }
    return sum(pod.node in away for pod in pods if not pod.finished)


def _told(node: Node, taint: Taint | None) -> Iterator[Since]:
    yield Since(node.metadata.deletion_timestamp, "deletionTimestamp")
    if taint is not None:
        yield Since(taint.time_added or _noted(taint), f"taint {taint.key}")


def _noted(taint: Taint) -> datetime | None:
    """The cluster autoscaler writes the moment, in seconds, as its taint's value."""
    digits = taint.key == _AUTOSCALER and taint.value.isascii() and taint.value.isdigit()
    if not digits or len(taint.value) > 10:
        return None
    return datetime.fromtimestamp(int(taint.value), timezone.utc)


def _went_bad(node: Node) -> Iterator[Since]:
    ready = node.condition("Ready")
    for one in (*([ready] if ready and not ready.is_true else []), *node.pressures, *node.troubles):
        yield Since(one.last_transition_time, f"condition {one.type}")
