"""nginx with the sites of the five systems; certificates come from the testbed's own authority."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from tests.testbed import place, process
from tests.testbed.services import certificates
from tests.testbed.services.sites import SITES, Page, Site

NAME = "nginx"
LOG_FORMAT = (
    '{"time":"$time_iso8601","scheme":"$scheme","host":"$host","method":"$request_method",'
    '"uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"agent":"$http_user_agent"}'
)


def folder() -> Path:
    return place.state() / "nginx"


def access_log() -> Path:
    """One JSON object per request that was answered."""
    return place.state() / "log" / "nginx-access.log"


def up() -> None:
    if process.running(NAME) is None:
        _write(SITES)
        start()


def down() -> None:
    process.stop(NAME)


def reset() -> None:
    """The healthy sites with fresh, good certificates."""
    down()
    shutil.rmtree(folder(), ignore_errors=True)
    up()


def start() -> None:
    shutil.rmtree(folder() / "run", ignore_errors=True)
    (folder() / "run").mkdir(parents=True)
    command: list[str | Path] = [
        shutil.which("nginx") or "/usr/sbin/nginx",
        "-p",
        folder(),
        "-c",
        folder() / "nginx.conf",
    ]
    process.start(NAME, command)
    process.await_that("nginx", lambda: _generation() is not None)


def site(host: str) -> Site:
    return next(one for one in SITES if one.host == host)


def get(host: str, path: str, *, tls: bool = True) -> tuple[int, bytes]:
    """Status and body, the certificate unverified: how a test looks whether its cause is in place."""
    connection = _connection(host, tls)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _connection(host: str, tls: bool) -> http.client.HTTPConnection:
    if not tls:
        return http.client.HTTPConnection(place.HOST, place.PORTS["nginx-http"], timeout=5)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return _NamedTls(host, place.PORTS["nginx-https"], context)


class _NamedTls(http.client.HTTPSConnection):
    """Connects to the testbed whatever the name; sends the name as SNI."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=5, context=context)
        self._tls = context

    def connect(self) -> None:
        plain = http.client.HTTPConnection(place.HOST, self.port, timeout=5)
        plain.connect()
        self.sock = self._tls.wrap_socket(plain.sock, server_hostname=self.host)


def _generation() -> str | None:
    return get("generation.testbed", "/", tls=False)[1].decode()


def _write(sites: tuple[Site, ...], issued: dict[str, certificates.Issued] | None = None) -> str:
    """Configuration, bodies and missing certificates; returns what the new workers answer as generation."""
    for name in ("pages", "certificates", "run"):
        (folder() / name).mkdir(parents=True, exist_ok=True)
    access_log().parent.mkdir(parents=True, exist_ok=True)
    for one in sites:
        if one.tls:
            _certificate(one.host, (issued or {}).get(one.host))
    generation = os.urandom(4).hex()
    (folder() / "nginx.conf").write_text(_configuration(sites, generation))
    return generation


def _certificate(host: str, issued: certificates.Issued | None) -> None:
    chain, key = (folder() / "certificates" / f"{host}.{kind}" for kind in ("crt", "key"))
    if issued is None and chain.exists():
        return
    contents = (issued or certificates.issue(host)).pem()
    for file, content in zip((chain, key), contents, strict=True):
        file.touch(mode=0o600)
        file.write_bytes(content)


def _configuration(sites: tuple[Site, ...], generation: str) -> str:
    run = folder() / "run"
    servers = "".join(_server(one) for one in sites)
    plain = f"listen {place.HOST}:{place.PORTS['nginx-http']}"
    paths = "".join(
        f" {kind}_temp_path {run};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "" if os.geteuid() else "user root;\n"
    return f"""\
{user}worker_processes 1;
daemon off;
pid {run}/nginx.pid;
error_log {place.state()}/log/nginx-error.log warn;
events {{ worker_connections 512; }}
http {{
{paths}
server_names_hash_bucket_size 128;
log_format requests escape=json '{LOG_FORMAT}';
access_log {access_log()} requests;
server {{ {plain} default_server; server_name _; return 404 "no such site\\n"; }}
server {{ {plain}; server_name generation.testbed; access_log off; return 200 "{generation}"; }}
{servers}}}
"""


def _server(one: Site) -> str:
    port = place.PORTS["nginx-https" if one.tls else "nginx-http"]
    kept = folder() / "certificates" / one.host
    tls = f"ssl_certificate {kept}.crt; ssl_certificate_key {kept}.key;" if one.tls else ""
    pages = "\n".join(_location(one.host, path, page) for path, page in one.pages.items())
    listen = f"listen {place.HOST}:{port}{' ssl' if one.tls else ''}"
    return f"server {{ {listen}; server_name {one.host}; {tls} {one.handshake}\n{pages}\nlocation / {{ return 404; }}\n}}\n"


def _location(host: str, path: str, page: Page) -> str:
    file = folder() / "pages" / f"{host}{path.replace('/', '~')}"
    file.write_text(page.body)
    if page.size:
        os.truncate(file, page.size)
    if page.location:
        return f"location = {path} {{ return {page.status} {page.location}; }}"
    body = f"/.body{path.replace('/', '_')}"
    pace = f"limit_rate {page.pace};" if page.pace else ""
    answer = (
        f"rewrite ^ {body} last;"
        if page.status == 200
        else f"error_page {page.status} {body}; return {page.status};"
    )
    return (
        f"location = {path} {{ {answer} }}\n"
        f"location = {body} {{ internal; {pace} default_type {page.type}; types {{}} alias {file}; }}"
    )


def _apply(sites: tuple[Site, ...], issued: dict[str, certificates.Issued] | None = None) -> None:
    """Reload and wait until no worker of before answers any more."""
    generation = _write(sites, issued)
    pid = process.running(NAME)
    assert pid is not None, "nginx is not running"
    os.kill(pid, signal.SIGHUP)
    process.await_that("nginx reload", lambda: all(_generation() == generation for _ in range(10)))


def adopt(host: str, chain: bytes, key: bytes) -> None:
    """From here on a site shows this certificate, as one that was brought to the server does."""
    for kind, content in (("crt", chain), ("key", key)):
        (folder() / "certificates" / f"{host}.{kind}").write_bytes(content)
    _apply(_shown())


# Ways to be wrong: each undoes itself exactly.


_CHANGES: list[Callable[[tuple[Site, ...]], tuple[Site, ...]]] = []


def _shown() -> tuple[Site, ...]:
    """The healthy sites with all changes of the moment."""
    sites: tuple[Site, ...] = SITES
    for change in _CHANGES:
        sites = change(sites)
    return sites


@contextmanager
def _changed(change: Callable[[tuple[Site, ...]], tuple[Site, ...]]) -> Iterator[None]:
    _CHANGES.append(change)
    try:
        _apply(_shown())
        yield
    finally:
        _CHANGES.remove(change)
        _apply(_shown())


def serving(host: str, path: str, page: Page) -> AbstractContextManager[None]:
    """One path of one site answers something else, as `serving(h, "/health", Page("", status=503))`."""
    return _changed(
        lambda sites: tuple(one.with_page(path, page) if one.host == host else one for one in sites)
    )


def without_site(host: str) -> AbstractContextManager[None]:
    """The site is not configured: another one answers 404, over TLS with another's certificate."""
    return _changed(lambda sites: tuple(one for one in sites if one.host != host))


def rejecting(host: str) -> AbstractContextManager[None]:
    """The server has no certificate for the name, and says so in the handshake."""
    return _shaking_hands(host, "ssl_reject_handshake on;")


def wanting_a_certificate(host: str) -> AbstractContextManager[None]:
    """Only clients that show a certificate of the testbed's own authority are served."""
    accepted = f"ssl_client_certificate {certificates.authority_file()};"
    return _shaking_hands(host, f"ssl_verify_client on; {accepted}")


def _shaking_hands(host: str, how: str) -> AbstractContextManager[None]:
    return _changed(
        lambda sites: tuple(replace(one, handshake=how) if one.host == host else one for one in sites)
    )


@contextmanager
def showing(host: str, issued: certificates.Issued) -> Iterator[None]:
    """A site shows this certificate, as `showing(h, certificates.issue(h, days=-2))`."""
    kept = {kind: folder() / "certificates" / f"{host}.{kind}" for kind in ("crt", "key")}
    before = {kind: file.read_bytes() for kind, file in kept.items()}
    try:
        _apply(_shown(), {host: issued})
        yield
    finally:
        for kind, content in before.items():
            kept[kind].write_bytes(content)
        _apply(_shown())


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing listens on the ports."""
    down()
    try:
        yield
    finally:
        start()
