"""`opsproof rights --check` by a real Prometheus behind its own login, and behind a proxy that lets less through."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsproof.cli.rights import Checked, Wanted, checked
from opsproof.model.rights import Need
from opsproof.sources.prometheus.facts import Query
from opsproof.sources.prometheus.rights import RIGHTS
from opsproof.testing import faulty
from opsproof.testing.links import target_of
from tests.testbed import process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus"),
]
PASSWORD = "planted-hunter2"
# bcrypt of it, at the least cost
LOGIN = "basic_auth_users: {opsproof: $2b$04$4fp16c3RSp6dPKTwaqVFJONz.x91ghvC2nIsIOhxbEsXSdZaIcQMq}\n"
NEEDS = tuple(sorted({*Query.needs, *RIGHTS.identity}))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = tmp_path_factory.mktemp("prometheus"), faulty.unused_port()
    (folder / "prometheus.yml").write_text("global: {}\n")
    (folder / "web.yml").write_text(LOGIN)
    options = {"config.file": "prometheus.yml", "web.config.file": "web.yml", "storage.tsdb.path": "data",
               "web.listen-address": f"127.0.0.1:{port}", "log.level": "error"}  # fmt: skip
    words = ["prometheus", *(f"--{name}={value}" for name, value in options.items())]
    running = subprocess.Popen(words, cwd=folder)
    try:
        process.await_that("Prometheus", lambda: asked(port, "/-/ready") == 200)
        yield port
    finally:
        running.terminate()
        running.wait(60)


def asked(port: int, path: str) -> int:
    pair = base64.b64encode(f"opsproof:{PASSWORD}".encode()).decode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nAuthorization: Basic {pair}\r\n\r\n".encode())
        return int(connection.recv(64).split()[1])


def found(port: int, folder: Path, password: str | None = PASSWORD) -> Checked:
    settings: dict[str, Any] = {"url": f"http://127.0.0.1:{port}"}
    if password is not None:
        (folder / "password").write_text(password)
        settings |= {"username": "opsproof", "password": {"file": str(folder / "password")}}
    return checked(Wanted(target_of("prometheus", **settings), RIGHTS, NEEDS))


def test_who_may_log_in_lacks_nothing(port: int, tmp_path: Path) -> None:
    assert found(port, tmp_path).good


@pytest.mark.parametrize("password", ["another", None])
def test_who_may_not_is_told_so(port: int, tmp_path: Path, password: str | None) -> None:
    made = found(port, tmp_path, password)
    assert (made.missing, made.failure) == ((), "HTTP 401: wrong credentials")


def test_a_path_that_a_proxy_keeps_back_is_missing(port: int, tmp_path: Path) -> None:
    """nginx as an operator might set it up: without what tells the configuration."""
    front = faulty.unused_port()
    (tmp_path / "nginx.conf").write_text(
        f"""
        daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {tmp_path}/a; proxy_temp_path {tmp_path}/b; fastcgi_temp_path {tmp_path}/c;
            uwsgi_temp_path {tmp_path}/d; scgi_temp_path {tmp_path}/e;
            server {{
                listen 127.0.0.1:{front};
                location / {{ proxy_pass http://127.0.0.1:{port}; }}
                location /api/v1/status/config {{ return 403; }}
            }}
        }}"""
    )
    nginx = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    try:
        process.await_that("nginx", lambda: asked(front, "/-/ready") == 200)
        assert found(front, tmp_path).missing == (Need("GET", "/api/v1/status/config"),)
    finally:
        nginx.terminate()
        nginx.wait(10)
