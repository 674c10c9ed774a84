"""python -m tests.testbed up | down | reset | status | env"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.testbed import build, kubernetes, place, process
from tests.testbed.services import (
    alertmanager,
    exporter,
    install,
    nginx,
    postgres,
    prometheus,
    redis,
)

Step = tuple[str, Callable[[], None]]
PROCESSES = {
    "etcd": "etcd",
    "kube-apiserver": "kubernetes",
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
    "kwok": "kwok",
    "metrics-server": "metrics-server",
    exporter.NAME: "exporter",
    prometheus.NAME: "prometheus",
    alertmanager.NAME: "alertmanager",
    postgres.NAME: "postgres",
    "redis": "redis",
    "redis-broker": "redis-broker",
    nginx.NAME: "nginx-https",
}


def say(text: str) -> None:
    sys.stdout.write(f"testbed: {text}\n")
    sys.stdout.flush()


def prepare() -> None:
    """Every program is there, installed or built."""
    install.ensure(say)
    build.ensure(say)


def up() -> None:
    """Everything running and healthy; what runs already stays, and what an earlier one left does not."""
    began = time.monotonic()
    prepare()
    if not any(map(process.running, PROCESSES)):
        place.emptied()
    _together([("Kubernetes", lambda: kubernetes.up(say)), ("the servers beside it", services_up)])
    # Last: it finds its targets among the cluster's pods and waits until its Watchdog reached Alertmanager.
    _timed("Prometheus", prometheus.up)
    say(f"up in {time.monotonic() - began:.0f} s; the environments' variables: python -m tests.testbed env")


def services_up() -> None:
    for name, start in (
        ("Alertmanager", alertmanager.up),
        ("PostgreSQL", postgres.up),
        ("Redis", redis.up),
        ("nginx", nginx.up),
    ):
        _timed(name, start)


def down() -> None:
    ends = (prometheus.down, alertmanager.down, nginx.down, redis.down, postgres.down, kubernetes.down)
    for end in ends:
        end()
    say("down")


def reset() -> None:
    """Back to the healthy world, whatever was broken by hand."""
    _together(
        [
            ("Kubernetes", kubernetes.reset),
            ("Redis", redis.reset),
            ("PostgreSQL", postgres.reset),
            ("nginx", nginx.reset),
            ("Alertmanager", alertmanager.reset),
        ]
    )
    _timed("Prometheus", prometheus.reset)


def _together(steps: Iterable[Step]) -> None:
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(_timed, name, step) for name, step in steps]:
            done.result()


def _timed(name: str, step: Callable[[], None]) -> None:
    began = time.monotonic()
    say(f"{name} ...")
    step()
    say(f"{name} ready ({time.monotonic() - began:.1f} s)")


def status() -> int:
    """A line per server; exit status 1 unless all run."""
    missing = 0
    for name, port in PROCESSES.items():
        pid = process.running(name)
        missing += pid is None
        print(
            f"{name:24} {place.HOST}:{place.PORTS[port]:<6} {'process ' + str(pid) if pid else 'not running'}"
        )
    return 1 if missing else 0


def variables() -> dict[str, str]:
    """What the testbed's environments refer to, and the identities that they may declare."""
    known = {"OPSPROOF_TESTBED": str(place.state())}
    uid = place.state() / "credentials" / "kube-system.uid"
    if uid.exists():
        known["OPSPROOF_TESTBED_KUBE_SYSTEM"] = uid.read_text().strip()
    if process.running(postgres.NAME):
        known["OPSPROOF_TESTBED_POSTGRES"] = postgres.system_identifier()
    return known


def env() -> None:
    for name, value in variables().items():
        print(f"export {name}={shlex.quote(value)}")


COMMANDS: dict[str, Callable[[], int | None]] = {
    "up": up,
    "down": down,
    "reset": reset,
    "status": status,
    "env": env,
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: {__doc__}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[arguments[0]]() or 0
    except process.TestbedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
