"""python -m tests.testbed up | down | reset | status | env"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from tests.testbed import build, kubernetes, place, process, stored
from tests.testbed.services import (
    alertmanager,
    aws,
    cert_manager,
    drills,
    exporter,
    files,
    install,
    nginx,
    pgbouncer,
    postgres,
    prometheus,
    redis,
    redis_failover,
    s3,
    velero,
)

Step = tuple[str, Callable[[], None]]
PROCESSES = {
    "etcd": "etcd",
    "kube-apiserver": "kubernetes",
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
    "kwok": "kwok",
    "metrics-server": "metrics-server",
    "stand-ins": "external-metrics",
    cert_manager.NAME: "kubernetes",
    exporter.NAME: "exporter",
    prometheus.NAME: "prometheus",
    alertmanager.NAME: "alertmanager",
    postgres.NAME: "postgres",
    pgbouncer.NAME: "pgbouncer",
    "redis": "redis",
    "redis-broker": "redis-broker",
    redis_failover.REPLICA: redis_failover.REPLICA,
    **{name: name for name in redis_failover.SENTINELS},
    nginx.NAME: "nginx-https",
    s3.NAME: "s3",
    aws.NAME: "aws",
    velero.NAME: "velero",
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
        stored.settle(datetime.now(timezone.utc))
    _together([("Kubernetes", lambda: kubernetes.up(say)), ("the servers beside it", services_up)])
    # Both are about what the cluster has by now.
    _timed("cert-manager", cert_manager.up)
    _timed("manifests", files.keep_manifests)
    # Last: Prometheus finds its targets among the cluster's pods and waits until its Watchdog reached Alertmanager;
    # Velero makes a backup of the cluster into a bucket.
    _together([("Prometheus", prometheus.up), ("Velero", velero.up)])
    say(f"up in {time.monotonic() - began:.0f} s; the environments' variables: python -m tests.testbed env")


def services_up() -> None:
    for name, start in (
        ("Alertmanager", alertmanager.up),
        ("PostgreSQL", postgres_up),
        ("S3", s3.up),
        ("restore drills", drills.up),  # one of them of a bucket
        ("Redis", redis_up),
        ("nginx", nginx.up),
        ("AWS (a stand-in)", aws.up),
        ("files", files.up),
    ):
        _timed(name, start)


def postgres_up() -> None:
    postgres.up()
    pgbouncer.up()


def postgres_reset() -> None:
    postgres.reset()
    pgbouncer.reset()


def redis_up() -> None:
    redis.up()
    redis_failover.up()


def redis_reset() -> None:
    redis.reset()
    redis_failover.reset()


def down() -> None:
    redis_failover.down()
    ends = (
        velero.down,
        prometheus.down,
        alertmanager.down,
        nginx.down,
        redis.down,
        pgbouncer.down,
        postgres.down,
        s3.down,
        aws.down,
        cert_manager.down,
        kubernetes.down,
    )
    for end in ends:
        end()
    stored.forget()
    say("down")


def reset() -> None:
    """Back to the healthy world, whatever was broken by hand."""
    stored.settle(datetime.now(timezone.utc))
    _together(
        [
            ("Kubernetes", kubernetes.reset),
            ("Redis", redis_reset),
            ("PostgreSQL", postgres_reset),
            ("nginx", nginx.reset),
            ("S3", s3.reset),
            ("AWS (a stand-in)", aws.reset),
            ("files", files.reset),
            ("Alertmanager", alertmanager.reset),
        ]
    )
    _timed("cert-manager", cert_manager.reset)
    _timed("manifests", files.keep_manifests)
    _together([("Prometheus", prometheus.reset), ("Velero", velero.reset)])


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
