"""The testbed's Kubernetes cluster: a real control plane, simulated nodes, five healthy systems."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from tests.testbed import (
    build,
    kubernetes_access,
    kubernetes_age,
    kubernetes_baseline,
    kubernetes_health,
)
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_servers as servers
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, Object, admin
from tests.testbed.process import await_that, running

Progress = Callable[[str], object]


def up(progress: Progress = print) -> None:
    """Start what does not run yet and wait until all five systems are healthy.

    Raises:
        TestbedError: a server did not start, or the world did not become healthy in time.
    """
    began = time.monotonic()
    build.ensure(progress)
    fresh = running("etcd") is None
    if fresh:
        down()
    _start_control_plane()
    api = admin()
    kubernetes_access.write_kubeconfigs()
    new = fresh or not kubernetes_baseline.recorded()
    if new:
        progress(
            f"kubernetes: control plane answers after {time.monotonic() - began:.0f} s, creating the world"
        )
        _populate(api)
    kubernetes_access.write_identity(api)
    kubernetes_health.await_healthy(api)
    if new:
        kubernetes_baseline.record(api)
    progress(f"kubernetes: ready after {time.monotonic() - began:.0f} s")


def down() -> None:
    """End the cluster's processes and forget its objects."""
    servers.stop_all()
    kubernetes_baseline.forget()


def reset() -> None:
    """Make the world healthy again, whatever was done to it through the API."""
    _start_control_plane()
    api = admin()
    kubernetes_health.restore(api)
    kubernetes_health.await_healthy(api)


def _start_control_plane() -> None:
    servers.authority()
    kubernetes_access.credentials().mkdir(parents=True, exist_ok=True)
    servers.start_etcd()
    servers.start_apiserver()
    api = admin()
    await_that("the API server is ready", lambda: api.send("GET", "/readyz") == "ok", within=180)
    servers.start_controller_manager()
    servers.start_scheduler()
    servers.start_kwok()
    servers.start_metrics_server()
    servers.start_stand_ins()


def _populate(api: Api) -> None:
    await_that("kube-system exists", lambda: api.find("Namespace", "kube-system"))
    for each in [*world.first_objects(), *kubernetes_access.objects()]:
        _create(api, each)
    for each in world.objects():
        _create(api, each)
    kubernetes_health.give_addresses(api)
    _create(api, make.manual_job(api.get("CronJob", "security-scan", "production"), "emergency-scan"))
    _backed_up(api)


def _backed_up(api: Api) -> None:
    """The nightly backup has run last night, as its CronJob tells."""
    kubernetes_age.made_earlier("CronJob", "production", "postgres-backup", seconds=7 * 86400)
    now = datetime.now(timezone.utc)
    night = now.replace(hour=2, minute=0, second=0, microsecond=0)
    night -= timedelta(days=0 if night <= now else 1)
    status = {
        "lastScheduleTime": f"{night:%Y-%m-%dT%H:%M:%SZ}",
        "lastSuccessfulTime": f"{night + timedelta(minutes=4):%Y-%m-%dT%H:%M:%SZ}",
    }
    api.patch("CronJob", "postgres-backup", {"status": status}, "production", part="status")


def _create(api: Api, thing: Object) -> None:
    """Kinds of a definition just made are served a moment later."""
    await_that(
        f"{thing['kind']} {thing['metadata']['name']} is accepted", lambda: api.apply(thing), within=60
    )
