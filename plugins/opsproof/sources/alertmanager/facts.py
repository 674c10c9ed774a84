"""What Alertmanager says: alerts and silences it holds, and how it routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import Undecided
from opsproof.model.level import Level
from opsproof.model.listing import Listing
from opsproof.model.moment import Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.alertmanager.intervals import NamedIntervals, speaks_from
from opsproof.sources.prometheus.reading.matchers import Matcher, all_match, workload_of
from opsproof.sources.prometheus.status import Asking, Readiness

PAGERS = frozenset({"pagerduty", "opsgenie", "victorops", "pushover", "incidentio", "rootly", "jira_oncall"})
_MOST_INTERVALS = 50
_LEVELS = {
    Level.CRITICAL: "critical page disaster emergency p1 sev1 sev-1 severity1 1",
    Level.HIGH: "high error major p2 sev2 sev-2 severity2 2",
    Level.MEDIUM: "medium warning warn minor p3 sev3 sev-3 severity3 3",
    Level.LOW: "low info information informational none p4 sev4 sev-4 severity4 4",
}


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that Alertmanager holds, without its annotations."""

    labels: dict[str, str]
    since: datetime
    state: str
    silenced_by: tuple[str, ...] = ()
    inhibited: bool = False

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def firing(self) -> bool:
        """Neither silenced nor inhibited."""
        return not self.silenced_by and not self.inhibited and self.state != "suppressed"

    @property
    def level(self) -> Level | None:
        """Of its `severity` label, by the usual words; None for any other word."""
        return level_named(self.labels.get("severity", ""))

    @property
    def subject(self) -> Subject:
        labels = self.labels
        pod, instance = labels.get("pod", ""), labels.get("instance", "")
        place = pod or instance or labels.get("service", "") or labels.get("job", "")
        stable = workload_of(pod) or place
        system = labels.get("namespace", "") or labels.get("system", "")
        return Subject("alert", _joined(self.name, place), system, _joined(self.name, stable))


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Who silences what until when."""

    id: str
    matchers: tuple[Matcher, ...]
    by: str
    until: datetime
    active: bool

    def __str__(self) -> str:
        return f"silenced by {self.by or 'nobody named'} until {self.until:%Y-%m-%d %H:%M} UTC"


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """`ways` are `slack:#channel`, `email:address`, or a bare type such as `pagerduty`."""

    name: str
    ways: tuple[str, ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the routing tree; `muting` and `active` name the time intervals of its own notifications."""

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    muting: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()

    def resolve(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """The routes that an alert with these labels ends in, as Alertmanager walks the tree.

        Raises:
            Undecided: a matcher on the way cannot be evaluated.
        """
        if not all_match(self.matchers, labels):
            return ()
        found: list[Route] = []
        for child in self.routes:
            below = child.resolve(labels)
            found += below
            if below and not child.goes_on:
                break
        return tuple(found) or (self,)


class Status(Clocked, frozen=True, kw_only=True):
    """`cluster` is `ready`, `settling` or `disabled` (a single instance)."""

    route: Route
    receivers: tuple[Receiver, ...]
    cluster: str
    peers: int
    started: datetime | None
    version: str = ""
    intervals: tuple[NamedIntervals, ...] = ()

    def speaks_from(self, route: Route, moment: datetime) -> datetime | None:
        """The first moment, from `moment` on, at which the route notifies; None: not within a year.

        Raises:
            Undecided: it names an interval that is not there, or more of them than are looked at.
        """
        muting, active = self._named(route.muting), self._named(route.active)
        if sum(len(one.intervals) for one in (*muting, *active)) > _MOST_INTERVALS:
            raise Undecided(f"more than {_MOST_INTERVALS} time intervals are not looked at")
        return speaks_from(moment, muting, active)

    def _named(self, names: Iterable[str]) -> list[NamedIntervals]:
        known = {one.name: one for one in self.intervals}
        missing = [name for name in names if name not in known]
        if missing:
            raise Undecided(f"the time interval {missing[0]} is not known")
        return [known[name] for name in names]

    def ways_of(self, receivers: Iterable[str]) -> tuple[str, ...]:
        """How these receivers notify people, each way once."""
        wanted = set(receivers)
        return tuple(dict.fromkeys(way for one in self.receivers if one.name in wanted for way in one.ways))


class AskAlerts(Ask, frozen=True, kw_only=True, tag="alertmanager/alerts"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v2/alerts"),)
    answer: ClassVar[Any] = tuple[Alert, ...]


class AskSilences(Ask, frozen=True, kw_only=True, tag="alertmanager/silences"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v2/silences"),)
    answer: ClassVar[Any] = tuple[Silence, ...]


class AskStatus(Ask, frozen=True, kw_only=True, tag="alertmanager/status"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v2/status"),)
    answer: ClassVar[Any] = Status


class AskAlertmanagerReady(Ask, frozen=True, kw_only=True, tag="alertmanager/ready"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/-/ready"),)
    answer: ClassVar[Any] = Readiness


Alerts = Annotated[Listing[Alert], Asking(AskAlerts, "alertmanager", listed=True)]
Silences = Annotated[Listing[Silence], Asking(AskSilences, "alertmanager", listed=True)]
AlertmanagerStatus = Annotated[Status, Asking(AskStatus, "alertmanager")]


def level_named(severity: str) -> Level | None:
    """The level that a severity label means by the usual words; None for any other word."""
    text = severity.lower().replace(" ", "").replace("_", "-")
    return next((level for level, words in _LEVELS.items() if text in words.split()), None)


def holding(alerts: Iterable[Alert], name: str) -> Alert | None:
    """The alert of that name, silenced or not: it proves that alerts arrive."""
    return next((alert for alert in alerts if alert.name == name), None)


def reaches(wanted: str, ways: Iterable[str]) -> bool:
    """Whether a wanted way (`slack`, `slack:#ops`, `pager`) is among those a receiver has."""
    return any(_fits(wanted, way) for way in ways)


def pages(wanted: Iterable[str]) -> bool:
    """Whether one of the wanted ways wakes somebody up."""
    return any(way.partition(":")[0] in PAGERS | {"pager"} for way in wanted)


def _fits(wanted: str, way: str) -> bool:
    kind, _, address = wanted.partition(":")
    has_kind, _, has_address = way.partition(":")
    if kind == "pager":
        return has_kind in PAGERS
    return kind == has_kind and (not address or address.lower() in _addresses(has_address))


def _addresses(text: str) -> Iterator[str]:
    """An e-mail receiver may list several people, separated by commas."""
    return (part.strip().lower() for part in text.split(","))


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)
