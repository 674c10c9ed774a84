"""What explains a Warning event: the object that it is about is well now, or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from opsproof.sources.kubernetes.facts.events import Event
from opsproof.sources.kubernetes.facts.meta import Condition
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.workloads import (
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    StatefulSet,
    Workload,
)
from opsproof.sources.kubernetes.reading.readiness import trouble
from opsproof.sources.kubernetes.reading.transitions import Since, unready_since

# An event of the same moment at which its object became well.
_TOGETHER = timedelta(seconds=5)
# Kinds of which every object of a namespace is listed: one that is not there is gone.
_LISTED = frozenset(
    {
        "Pod",
        "Job",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "HorizontalPodAutoscaler",
        "PersistentVolumeClaim",
    }
)
Key = tuple[str, str, str]
# A controller tries again, after 1 s, 2 s, 4 s, ..., and says so again each time that it fails.
_TRIED_AGAIN = frozenset(
    {
        ("Service", "FailedToUpdateEndpointSlices"),
        ("Endpoints", "FailedToUpdateEndpoint"),
    }
)
_QUIET = timedelta(seconds=60)
# A pod never leaves the node that it was given: what was in the way of that is over.
_UNPLACED = "FailedScheduling"


class Explanations:
    """What the objects of the namespaces are now, to explain what was reported of them.

    Args:
        things: pods, workloads, ReplicaSets, Jobs, autoscalers and claims.
        now: by the clock of the API server, at the earliest.
    """

    def __init__(self, things: Iterable[Any], now: datetime) -> None:
        self._now = now
        self._things: Mapping[Key, Any] = {(type(one).kind, one.namespace, one.name): one for one in things}

    def stable(self, event: Event) -> str:
        """What it is about, by the name that survives a restart: `deployment/api` rather than a pod's."""
        about = event.regarding
        thing = self._things.get((about.kind, about.namespace, about.name))
        return (thing.key if thing is not None else "") or f"{about.kind.lower()}/{about.name}"

    def since(self, event: Event) -> Since:
        """When what it is about stopped being well; else when this was reported first."""
        about = event.regarding
        thing = self._things.get((about.kind, about.namespace, about.name))
        if isinstance(thing, Pod) and not thing.ready:
            return unready_since(thing)
        if isinstance(thing, Autoscaler):
            bad = [one for one in _conditions(thing) if one is not None and not one.is_true]
            if bad:
                return Since(bad[0].last_transition_time, f"condition {bad[0].type}")
        return Since(event.first, "the first of these events")

    def of(self, event: Event, first: datetime | None) -> str:
        """Why nothing has to be done about it; "" when that is not known. `first`: of those that say the same."""
        about = event.regarding
        if (about.kind, event.reason) == ("CronJob", "UnexpectedJob"):
            return self._unexpected(about.namespace, about.name)
        if (about.kind, event.reason) in _TRIED_AGAIN:
            return self._tried_again(first, event.last)
        thing = self._things.get((about.kind, about.namespace, about.name))
        if about.kind not in _LISTED:
            return ""
        if thing is None:
            return "it is gone"
        if about.uid and thing.uid and about.uid != thing.uid:
            return "it was made anew"
        if isinstance(thing, Pod) and event.reason == _UNPLACED and thing.node:
            return "it has been given a node since"
        return self._well(thing, event.last)

    def _unexpected(self, namespace: str, name: str) -> str:
        """The controller says so of each Job of a CronJob that it did not make, or has forgotten."""
        made = [
            one for (kind, space, _), one in self._things.items()
            if (kind, space) == (Job.kind, namespace) and one.key == f"cronjob/{name}"
        ]  # fmt: skip
        return "its Jobs have ended" if all(one.finished for one in made) else ""

    def _tried_again(self, first: datetime | None, last: datetime | None) -> str:
        """It has been quiet for longer than the next attempt would have taken."""
        if first is None or last is None:
            return ""
        quiet = max(_QUIET, 2 * (last - first))
        return "the next attempt succeeded" if self._now - last > quiet else ""

    def _well(self, thing: Any, last: datetime | None) -> str:
        if isinstance(thing, Pod):
            return _pod(thing, last)
        if isinstance(thing, Job):
            return "it is complete" if thing.finished and thing.failure is None else ""
        if isinstance(thing, ReplicaSet):
            owner = thing.owner
            made_by = self._things.get(("Deployment", thing.namespace, owner.name)) if owner else None
            return "its Deployment is complete" if made_by is not None and _complete(made_by) else ""
        if isinstance(thing, Workload):
            return "it is complete" if _complete(thing) else ""
        if isinstance(thing, Autoscaler):
            return "it can scale, and sees its metrics" if _scales(thing) else ""
        return "it is bound" if isinstance(thing, VolumeClaim) and _settled(thing) else ""


def _pod(pod: Pod, last: datetime | None) -> str:
    """A pod that was ready before the event, and is still: a probe that fails now and then is not explained."""
    if pod.phase == "Succeeded":
        return "it has succeeded"
    if pod.terminating or pod.leftover:
        return "it is going"
    since = pod.ready_since
    if trouble(pod) or since is None or last is None:
        return ""
    return "it has been ready since" if last <= since + _TOGETHER else ""


def _settled(claim: VolumeClaim) -> bool:
    """A bound one whose volume is being resized or modified says so by a condition, which goes when that is done."""
    return claim.phase == "Bound" and not any(one.is_true for one in claim.status.conditions)


def _complete(workload: Workload) -> bool:
    known = isinstance(workload, (Deployment, StatefulSet, DaemonSet))
    return known and bool(getattr(workload, "complete", False))


def _scales(autoscaler: Autoscaler) -> bool:
    return all(one is not None and one.is_true for one in _conditions(autoscaler))


def _conditions(autoscaler: Autoscaler) -> tuple[Condition | None, ...]:
    return autoscaler.condition("AbleToScale"), autoscaler.condition("ScalingActive")
