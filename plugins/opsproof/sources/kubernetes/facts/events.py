"""Events (events.k8s.io): that something was reported of an object, never in which words."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from opsproof.sources.kubernetes.facts.meta import KubernetesObject, Wire


class Regarding(Wire, frozen=True):
    """The object that it is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class EventSeries(Wire, frozen=True):
    count: int = 0
    last_observed_time: datetime | None = None


class Event(KubernetesObject, frozen=True):
    """`type` is Normal or Warning. What reports in the older way fills in the fields that are deprecated."""

    kind: ClassVar[str] = "Event"
    type: str = ""
    reason: str = ""
    regarding: Regarding = Regarding()
    event_time: datetime | None = None
    series: EventSeries | None = None
    deprecated_count: int = 0
    deprecated_first_timestamp: datetime | None = None
    deprecated_last_timestamp: datetime | None = None

    @property
    def warns(self) -> bool:
        return self.type == "Warning"

    @property
    def count(self) -> int:
        return max(self.series.count if self.series else 0, self.deprecated_count, 1)

    @property
    def last(self) -> datetime | None:
        """When it was last seen: a repeated one keeps its creation."""
        known = (
            self.series.last_observed_time if self.series else None,
            self.deprecated_last_timestamp,
            self.event_time,
            self.created,
        )
        return max((one for one in known if one is not None), default=None)

    @property
    def first(self) -> datetime | None:
        known = (self.deprecated_first_timestamp, self.event_time, self.created)
        return min((one for one in known if one is not None), default=None)
