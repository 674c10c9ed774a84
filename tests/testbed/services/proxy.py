"""A fault proxy: a process that stands before a server of the testbed and misbehaves as it is told.

with proxy.before("prometheus", faults.too_many()) as gate:
    ...                      # ask http://{gate.address}
    gate.change(faults.html("/api/v1/query"))
    assert len(gate.passed()) == 3
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.testbed import kubernetes_access, kubernetes_servers, place, process
from tests.testbed.services import certificates, faults, nginx
from tests.testbed.services.faults import Fault

REPOSITORY = Path(__file__).parents[3]
Protocol = Literal["http", "tcp"]


@dataclass(frozen=True)
class Gate:
    """A running proxy."""

    name: str
    port: int

    @property
    def address(self) -> str:
        return f"{place.HOST}:{self.port}"

    def change(self, *wanted: Fault) -> None:
        """From the next request (or, for TCP, the next connection) on; counts of `times` begin anew."""
        fresh = folder(self.name) / "faults.new"
        fresh.write_text(faults.dump(wanted))
        fresh.replace(folder(self.name) / "faults.json")

    def passed(self) -> list[dict[str, Any]]:
        """What reached the proxy: time, method, path, mode, status (for TCP: mode only)."""
        log = folder(self.name) / "passed.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def folder(name: str) -> Path:
    return place.state() / "proxy" / name


@contextmanager
def before(server: str, *wanted: Fault, protocol: Protocol = "http") -> Iterator[Gate]:
    """Stand before a server of `place.PORTS`: plain HTTP, or any protocol (PostgreSQL, Redis, TLS) as TCP."""
    with _running(server, wanted, {"protocol": protocol, "upstream": place.PORTS[server]}) as gate:
        yield gate


@contextmanager
def before_kubernetes(*wanted: Fault, user: str = "opsproof") -> Iterator[tuple[Gate, Path]]:
    """Stand before the API server as TLS; gives a kubeconfig whose requests pass on as `user`."""
    authority = kubernetes_servers.authority()
    shown, known = authority.server("kube-apiserver", [place.HOST]), authority.client(user)
    options = {
        "protocol": "http",
        "upstream": place.PORTS["kubernetes"],
        "shown": [str(shown.cert), str(shown.key)],
        "known": [str(known.cert), str(known.key)],
        "tls": place.HOST,
    }
    with _running("kubernetes", wanted, options) as gate:
        original = (kubernetes_access.credentials() / f"{user}.kubeconfig").read_text()
        there = f"{place.HOST}:{place.PORTS['kubernetes']}"
        assert there in original
        kubeconfig = folder(gate.name) / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(original.replace(there, gate.address))
        yield gate, kubeconfig


@contextmanager
def before_site(host: str, *wanted: Fault) -> Iterator[Gate]:
    """Stand before one TLS site of nginx, showing the site's own certificate."""
    certificates.authorities()
    kept = [str(nginx.folder() / "certificates" / f"{host}.{kind}") for kind in ("crt", "key")]
    options = {"protocol": "http", "upstream": place.PORTS["nginx-https"], "shown": kept, "tls": host}
    with _running(f"site-{host}", wanted, options) as gate:
        yield gate


@contextmanager
def refusing() -> Iterator[str]:
    """An address on which nobody listens, and nobody else will meanwhile."""
    with socket.socket() as held:
        held.bind((place.HOST, 0))
        yield f"{place.HOST}:{held.getsockname()[1]}"


@contextmanager
def _running(server: str, wanted: tuple[Fault, ...], options: dict[str, object]) -> Iterator[Gate]:
    gate = Gate(f"{server}-{os.urandom(3).hex()}", _free_port())
    folder(gate.name).mkdir(parents=True)
    gate.change(*wanted)
    described = json.dumps({**options, "port": gate.port, "folder": str(folder(gate.name))})
    name = f"proxy-{gate.name}"
    process.start(name, [sys.executable, "-m", "tests.testbed.services.gate", described], cwd=REPOSITORY)
    try:
        process.await_that("the fault proxy", lambda: (folder(gate.name) / "ready").exists())
        yield gate
    finally:
        process.stop(name, within=2.0)
        process.log_file(name).unlink(missing_ok=True)
        shutil.rmtree(folder(gate.name))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((place.HOST, 0))
        port: int = probe.getsockname()[1]
        return port
