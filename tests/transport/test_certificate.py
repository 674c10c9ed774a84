"""The certificate as an identity: what real servers show over TLS is what an environment may declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from opsproof.model.failure import TlsFailed
from opsproof.model.target import CERTIFICATE, Target, TargetReport
from opsproof.sources.alertmanager.collector import AlertmanagerCollector
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.prometheus.collector import PrometheusCollector
from opsproof.testing.links import RecordingLink, target_of
from tests.hooks.team import Team
from tests.sources.postgres import test_collector as test_postgres
from tests.testbed import place, process
from tests.testbed.services import certificates, postgres

pytestmark = pytest.mark.usefixtures("apart")
COLLECTORS: dict[str, Callable[[Target], Any]] = {
    "alertmanager": AlertmanagerCollector,
    "prometheus": PrometheusCollector,
}
DECLARED = {CERTIFICATE: "?"}


@pytest.fixture(scope="module")
def shown(apart: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Alertmanager and Prometheus that speak TLS alone; the digest of the certificate of both."""
    folder = tmp_path_factory.mktemp("tls")
    issued = certificates.issue("monitoring.testbed", addresses=[place.HOST])
    for name, content in zip(("server.crt", "server.key"), issued.pem(), strict=True):
        (folder / name).write_bytes(content)
    (folder / "web.yml").write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}")
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]")
    (folder / "prometheus.yml").write_text("global: {external_labels: {cluster: here}}")
    commands = {
        "alertmanager": [
            "prometheus-alertmanager",
            f"--storage.path={folder}/am",
            "--cluster.listen-address=",
        ],
        "prometheus": ["prometheus", f"--storage.tsdb.path={folder}/tsdb"],
    }
    for name, command in commands.items():
        address = f"{place.HOST}:{place.PORTS[name]}"
        given = [f"--config.file={folder}/{name}.yml", f"--web.config.file={folder}/web.yml"]
        process.start(f"{name}-tls", [*command, *given, f"--web.listen-address={address}"])
    try:
        for name in commands:
            process.await_that(name, lambda name=name: report(name).version)  # type: ignore[misc]
        yield issued.certificate.fingerprint(SHA256()).hex()
    finally:
        for name in commands:
            process.stop(f"{name}-tls")


def made(name: str, identity: dict[str, str] | None = None) -> Target:
    url = f"https://{place.HOST}:{place.PORTS[name]}"
    return target_of(name, url=url, ca=str(certificates.authority_file()), identity=identity)


def report(name: str, identity: dict[str, str] | None = None) -> TargetReport:
    target = made(name, identity)
    collector = COLLECTORS[name](target)
    try:
        found: TargetReport = collector.identify(RecordingLink(target))
        return found
    finally:
        collector.close()


@pytest.mark.parametrize("name", COLLECTORS)
def test_a_declared_certificate_is_looked_at(name: str, shown: str) -> None:
    found = report(name, DECLARED).identity
    assert found == ({"label.cluster": "here"} if name == "prometheus" else {}) | {CERTIFICATE: shown}


@pytest.mark.parametrize("name", COLLECTORS)
def test_what_is_not_declared_is_not_looked_at(name: str, shown: str) -> None:
    assert CERTIFICATE not in report(name).identity


def test_a_database_shows_its_certificate_on_the_connection_of_its_session() -> None:
    postgres.up()
    pem = (postgres.home() / "data" / "server.crt").read_bytes()
    expected = x509.load_pem_x509_certificate(pem).fingerprint(SHA256()).hex()
    ca = str(certificates.authority_file())
    for sslmode in ("require", "verify-ca", "verify-full"):
        target = test_postgres.target(sslmode=sslmode, ca=ca, identity=DECLARED)
        link = RecordingLink(target)
        found = PostgresCollector(target).identify(link).identity
        assert found[CERTIFICATE] == expected, sslmode
        assert link.paths == ["SQL CONNECT", "SQL SELECT version", "SQL SELECT system_identifier"]


def test_a_database_without_tls_proves_no_certificate() -> None:
    postgres.up()
    try:
        with postgres.admin() as session:
            session.execute("ALTER SYSTEM SET ssl = off")
            session.execute("SELECT pg_reload_conf()")
        target = test_postgres.target(identity=DECLARED)
        process.await_that("no TLS", lambda: refused(target) == "the server offers no TLS")
    finally:
        postgres.reset()


def refused(target: Target) -> str:
    try:
        PostgresCollector(target).identify(RecordingLink(target))
    except TlsFailed as failure:
        return failure.message
    return ""


def test_identify_prints_what_an_environment_may_declare(shown: str, tmp_path: Path) -> None:
    """Pasted as it is, the declaration proves itself; a server that tells nothing else shows its certificate."""
    team = Team.at(tmp_path, "http://localhost")
    settings = [
        f"  {name}: {{url: 'https://{place.HOST}:{place.PORTS[name]}', ca: {certificates.authority_file()}}}\n"
        for name in COLLECTORS
    ]
    team.write(
        "checks/systems/shop/environments/production.yaml",
        f"environment: production\ntargets:\n  http: {{}}\n{''.join(settings)}names: {{base: http://localhost}}\n",
    )
    told = team.opsproof("identify", "--env", "shop/production")
    assert told.returncode == 0, told.stdout + told.stderr
    targets = yaml.safe_load(told.stdout)["targets"]
    assert targets["alertmanager"] == {"identity": {CERTIFICATE: shown}}
    assert targets["prometheus"] == {"identity": {"label.cluster": "here"}}
    assert targets["http"] is None
    assert "    # it does not tell who it is" in told.stdout
