"""What an ordinary day has to reach before it is looked at."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tests.testbed import kubernetes_health as health
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.process import await_that
from tests.testbed.services import healthy, prometheus, redis_failover


def settled() -> None:
    """Every workload is complete, wherever its pods run by now; a DaemonSet has as many as there are nodes."""
    api = admin()
    placed = [each for each in world.WORKLOADS if each.kind != "DaemonSet"]
    await_that(
        "all workloads are complete",
        lambda: all(next(health.problems_of(api, each), None) is None for each in placed),
        within=undo.SOON,
        every=0.2,
    )


def scraped(namespace: str, *workloads: str) -> None:
    """Prometheus has found exactly the running pods of these workloads, and scraped each."""
    for name in workloads:
        await_that(
            f"the pods of {namespace}/{name} are scraped",
            lambda name=name: _scraped(namespace, name),  # type: ignore[misc]
            within=undo.SOON,
        )


def all_scraped() -> None:
    """The same for every workload that Prometheus watches; and the Sentinels know the broker again."""
    redis_failover.rejoined()
    for each in healthy.WORKLOADS:
        scraped(each.namespace, each.name)


def told() -> None:
    """What a controller could not write at its first attempt is written by now, and has been for a minute."""
    await_that("controllers wrote what they meant to", lambda: not any(map(_fresh, _conflicts())), every=1)


def _conflicts() -> list[Object]:
    api = admin()
    return [
        one for each in {each.namespace for each in world.WORKLOADS} for one in api.list("Event", each)
        if one["reason"] == "FailedToUpdateEndpointSlices"
    ]  # fmt: skip


def _fresh(event: Object) -> bool:
    """As the check sees it: quiet for a minute, and for twice as long as it lasted."""
    last, first = (_moment(event, which) for which in ("lastTimestamp", "firstTimestamp"))
    return datetime.now(timezone.utc) - last <= max(timedelta(seconds=60), 2 * (last - first))


def _moment(event: Object, which: str) -> datetime:
    told: str = event.get(which) or event["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(told.replace("Z", "+00:00"))


def _scraped(namespace: str, name: str) -> bool:
    pods = undo.pods_of(admin(), undo.workload(namespace, name))
    running = {pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Running"}
    active = prometheus.api("targets", state="active")["activeTargets"]
    known = {
        one["labels"]["pod"]: one["health"]
        for one in active
        if (one["labels"].get("namespace"), one["labels"].get("workload")) == (namespace, name)
    }
    return known == dict.fromkeys(running, "up")
