"""Warning events: what the cluster reported lately, and nothing explains."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from opsproof import MEDIUM, Count, Duration, Examination, Limits, Listing, Scoped, Subject, check
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.model.words import ago, first_few, several
from opsproof.sources.kubernetes.asks import Events, Kubernetes
from opsproof.sources.kubernetes.facts.events import Event
from opsproof.sources.kubernetes.reading.explained import Explanations

Things = Annotated[
    Listing[Any],
    Kubernetes(
        "pods",
        "deployments",
        "statefulsets",
        "daemonsets",
        "replicasets",
        "jobs",
        "horizontalpodautoscalers",
        "persistentvolumeclaims",
    ),
]
# Where the cluster's own parts report: a namespace in which nothing happens has no event of its own.
OfSystem = Annotated[Listing[Event] | Failure, Beside(Kubernetes("events", namespace="kube-system"))]


class EventLimits(Limits):
    """`window`: how far back; the API server forgets events, mostly after an hour.

    `expected`: reasons that the team has looked at, such as `FailedScheduling`; they are noted. `grace`: how long
    something may be reported while it goes on, such as the probes of a pod that starts.
    """

    window: Duration = Duration.parse("60m")
    expected: Scoped[tuple[str, ...]] = ()
    grace: Duration = Duration.parse("5m")


@check("health/warning-events", title="No Warning event of the last hour is unexplained", level=MEDIUM)
def check_warning_events(
    events: Events, things: Things, system: OfSystem, limits: EventLimits, examine: Examination
) -> None:
    """What is about to fail is often reported first: no room, no image, no metrics, a probe that fails now and then."""
    now = events.clock.latest
    recent = [one for one in events if _moment_of(one) >= now.timestamp() - limits.window]
    _prove(events, recent, system, limits, examine)
    explanations = Explanations(things, events.clock.earliest)
    explained: dict[str, list[str]] = {}
    for alike in _alike(one for one in recent if one.warns).values():
        newest = max(alike, key=_moment_of)
        why = (
            "the team expects it"
            if newest.reason in limits.expected
            else explanations.of(newest, _first(alike))
        )
        if why:
            explained.setdefault(why, []).append(_name(newest))
        else:
            _examine(alike, newest, explanations, events, limits, examine)
    for why, names in explained.items():
        examine.note(f"{several(len(names), 'Warning')}, {why}: {first_few(sorted(set(names)))}")
    if explained and not examine.findings:
        with examine(Subject("events", "unexplained"), measured=Count(0), limit="none"):
            pass


def _prove(
    events: Listing[Event],
    recent: list[Event],
    system: Listing[Event] | Failure,
    limits: EventLimits,
    examine: Examination,
) -> None:
    """That events are kept at all: any of this time in its namespaces, or else in kube-system."""
    others = [] if isinstance(system, Failure) else list(system)
    now = events.clock.latest
    seen = recent or [one for one in others if _moment_of(one) >= now.timestamp() - limits.window]
    oldest = min((one.last for one in seen if one.last is not None), default=None)
    where = "its namespaces" if recent else "kube-system"
    proof = f"{several(len(seen), 'event')} of the last {limits.window} seen in {where}"
    examine.control(seen, f"{proof}, the oldest {ago(oldest, now)}" if oldest else proof)


def _alike(events: Iterable[Event]) -> dict[tuple[str, ...], list[Event]]:
    """By what they are about and why: one that repeats is one."""
    groups: dict[tuple[str, ...], list[Event]] = {}
    for one in events:
        about = one.regarding
        groups.setdefault((about.kind, about.namespace, about.name, one.reason), []).append(one)
    return groups


def _examine(
    alike: list[Event],
    newest: Event,
    explanations: Explanations,
    events: Listing[Event],
    limits: EventLimits,
    examine: Examination,
) -> None:
    count = sum(one.count for one in alike)
    about = newest.regarding
    subject = Subject(
        about.kind.lower(),
        f"{about.name} ({newest.reason})",
        about.namespace or newest.namespace,
        f"{explanations.stable(newest)}/{newest.reason}",
    )
    with examine(
        subject,
        measured=Count(count),
        limit="none, or explained",
        since=events.moment(*explanations.since(newest)),
        grace=limits.grace,
    ):
        last = f", last {ago(newest.last, events.clock.latest)}" if newest.last is not None else ""
        raise AssertionError(f"{newest.reason}, {several(count, 'time')}{last}")


def _first(alike: Iterable[Event]) -> datetime | None:
    return min((one.first for one in alike if one.first is not None), default=None)


def _moment_of(event: Event) -> float:
    return event.last.timestamp() if event.last is not None else 0.0


def _name(event: Event) -> str:
    return f"{event.regarding.kind.lower()} {event.regarding.name} ({event.reason})"
