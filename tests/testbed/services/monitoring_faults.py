"""Ways for Prometheus and Alertmanager to be wrong: each undoes itself exactly."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from tests.testbed import process
from tests.testbed.services import alertmanager, prometheus
from tests.testbed.services.world import World


@contextmanager
def world(shown: World, *, cluster: str = prometheus.CLUSTER) -> Iterator[None]:
    """Prometheus has recorded another world; or calls itself another cluster's, as staging's would."""
    try:
        prometheus.restart_with(shown, cluster=cluster)
        yield
    finally:
        prometheus.reset()


@contextmanager
def prometheus_stopped() -> Iterator[None]:
    """Nothing listens on Prometheus's port; its Watchdog ends in Alertmanager within seconds."""
    try:
        prometheus.stop()
        yield
    finally:
        prometheus.reset()


@contextmanager
def prometheus_frozen() -> Iterator[None]:
    """Prometheus accepts connections and never answers."""
    pid = _pid(prometheus.NAME)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        prometheus.reset()


@contextmanager
def alertmanager_stopped() -> Iterator[None]:
    """Nothing listens on Alertmanager's port: Prometheus drops its notifications and counts them."""
    try:
        alertmanager.down()
        yield
    finally:
        alertmanager.restart()
        prometheus.reset()


@contextmanager
def alertmanager_frozen() -> Iterator[None]:
    """Alertmanager accepts connections and never answers."""
    pid = _pid(alertmanager.NAME)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        prometheus.reset()


@contextmanager
def alertmanager_unknown() -> Iterator[None]:
    """Prometheus's configuration names no Alertmanager: what it fired ends there within seconds.

    It counts what it dropped until it is reset.
    """
    file = prometheus.folder() / "prometheus.yml"
    known = file.read_text()
    document = yaml.safe_load(known)
    del document["alerting"]
    try:
        _configured(yaml.safe_dump(document, sort_keys=False), watched=False)
        yield
    finally:
        _configured(known, watched=True)


@contextmanager
def prometheus_of(cluster: str) -> Iterator[None]:
    """It holds the same, and calls itself another cluster's."""
    file = prometheus.folder() / "prometheus.yml"
    document = yaml.safe_load(file.read_text())
    document["global"]["external_labels"] = {"cluster": cluster}
    try:
        _configured(yaml.safe_dump(document, sort_keys=False), watched=True)
        yield
    finally:
        prometheus.reset()  # which forgets the notifications that it dropped while it read them anew


def _configured(text: str, *, watched: bool) -> None:
    """Have Prometheus take the configuration, and wait until its Watchdog is (not) at Alertmanager."""
    (prometheus.folder() / "prometheus.yml").write_text(text)
    prometheus.reload()
    process.await_that("the Watchdog's state", lambda: _is_watched() is watched, within=40)


def _is_watched() -> bool:
    return any(alert["labels"]["alertname"] == "Watchdog" for alert in alertmanager.alerts())


def _pid(name: str) -> int:
    pid = process.running(name)
    assert pid is not None, f"{name} is not running"
    return pid
