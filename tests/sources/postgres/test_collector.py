"""The PostgreSQL collector against a real server, and what only a made-up one does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from opsproof.model.failure import CollectionError, Forbidden, TimedOut, Unauthenticated, Unreachable
from opsproof.model.target import Target
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.facts import DatabaseProbes, DatabaseProbesOf, QueryProbe, Sessions, SessionsOf
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, own, target_of
from tests.testbed import place, process
from tests.testbed.services import postgres, postgres_faults, secrets


@pytest.fixture(scope="module", autouse=True)
def server(apart: None) -> Iterator[None]:
    postgres.up()
    yield
    postgres.reset()


def target(**more: Any) -> Target:
    secrets.password("postgres-opsproof")
    password = {"file": str(secrets.folder() / "postgres-opsproof.password")}
    settings = {
        "host": place.HOST,
        "port": place.PORTS["postgres"],
        "database": "reposcanner",
        "user": "opsproof",
        "password": password,
    }
    return target_of("postgres", **{**settings, **more})


def probed(
    made: Target | None = None, count: int = 1, seconds: float = 60.0
) -> tuple[QueryProbe, RecordingLink]:
    made = made or target()
    link = RecordingLink(made, seconds=seconds)
    ask = DatabaseProbesOf(target=made.id, role="postgres", probes=count, spacing=0.01)
    probes = PostgresCollector(made).collect(ask, link)
    assert isinstance(probes, DatabaseProbes)
    assert msgspec.json.decode(msgspec.json.encode(probes), type=DatabaseProbes) == probes
    return probes.probes[-1], link


def counted() -> Sessions:
    made = target()
    sessions = PostgresCollector(made).collect(
        SessionsOf(target=made.id, role="postgres"), RecordingLink(made)
    )
    assert isinstance(sessions, Sessions)
    return sessions


def failure(probe: QueryProbe) -> tuple[str, str]:
    assert probe.failure is not None
    return probe.failure.kind, probe.failure.message


def test_a_probe_is_a_session_of_its_own() -> None:
    probe, link = probed(count=2)
    assert (probe.failure, probe.in_recovery) == (None, False)
    assert link.paths == ["SQL CONNECT", "SQL SELECT 1"] * 2
    assert [request.attempt for request in link.requests] == [1, 1, 2, 2]
    assert link.clock is not None


def test_it_proves_who_it_is() -> None:
    made = target()
    report = PostgresCollector(made).identify(RecordingLink(made))
    assert report.identity == {"system-identifier": postgres.system_identifier()}
    assert (report.authenticated_as, report.version[:2]) == ("opsproof", "15")


def test_every_transaction_is_read_only() -> None:
    before = postgres.log().stat().st_size
    probed()
    counted()
    statements = [line for line in postgres.log().read_text()[before:].splitlines() if "app=opsproof" in line]
    begun = [line for line in statements if "BEGIN" in line]
    assert begun
    assert all("BEGIN READ ONLY" in line for line in begun)
    assert not [line for line in statements if any(word in line for word in ("INSERT", "UPDATE", "CREATE"))]


def test_sessions_of_others_are_counted_and_its_own_are_not() -> None:
    before = counted()
    with postgres_faults.connections_filled(before.used + 20):
        # The one that counted while they were opened may need a moment to be gone.
        process.await_that("twenty sessions", lambda: counted().used - before.used == 20)
        during = counted()
    assert during.used - before.used == 20
    assert (during.complete, during.max_connections, during.available) == (
        True,
        postgres.MAX_CONNECTIONS,
        postgres.MAX_CONNECTIONS - postgres.RESERVED,
    )


def test_roles_with_a_limit_of_their_own_are_counted_one_by_one() -> None:
    with postgres.admin() as admin:
        admin.execute("ALTER ROLE reposcanner_app CONNECTION LIMIT 2")
        try:
            with postgres.connect("reposcanner_app"):
                (role,) = counted().limited_roles
        finally:
            admin.execute("ALTER ROLE reposcanner_app CONNECTION LIMIT -1")
    assert (role.name, role.used, role.limit) == ("reposcanner_app", 1, 2)


def test_a_role_that_sees_too_little_says_so() -> None:
    with postgres_faults.statistics_forbidden(), postgres_faults.connections_filled(20):
        assert counted().complete is False


def test_a_full_server_refuses() -> None:
    with postgres_faults.connections_filled(postgres.MAX_CONNECTIONS - postgres.RESERVED):
        probe, _ = probed()
        assert counted().full
    assert failure(probe) == ("Unreachable", "too many connections: no slot is left")
    assert not own(probe)


def test_our_own_roles_limit_is_our_side() -> None:
    with postgres_faults.role_at_limit():
        probe, _ = probed()
    assert failure(probe)[1] == "the role opsproof is at its own CONNECTION LIMIT"
    assert own(probe)


def test_a_stopped_server() -> None:
    with postgres_faults.stopped():
        probe, _ = probed()
    assert failure(probe) == ("Unreachable", "connection refused")
    assert not own(probe)


def test_a_frozen_server_ends_with_the_deadline() -> None:
    with postgres_faults.frozen():
        probe, _ = probed(seconds=2.5)
    assert failure(probe)[0] == "TimedOut"


def test_a_slow_login_counts() -> None:
    with postgres_faults.slow_login(1):
        probe, _ = probed()
    assert probe.seconds >= 1


def test_a_standby() -> None:
    with postgres_faults.in_recovery():
        probe, _ = probed()
    assert (probe.failure, probe.in_recovery) == (None, True)


def test_a_wrong_password_and_a_barred_role_are_not_the_servers_fault() -> None:
    with postgres_faults.password_changed():
        wrong, _ = probed()
    with postgres_faults.login_forbidden():
        barred, _ = probed()
    with postgres_faults.database_forbidden("reposcanner"):
        forbidden, _ = probed()
    absent, _ = probed(target(database="none"))
    assert [failure(probe) for probe in (wrong, barred, forbidden, absent)] == [
        ("Unauthenticated", "wrong password for opsproof"),
        ("Unauthenticated", "the role opsproof may not log in"),
        ("Forbidden", "GRANT CONNECT ON DATABASE reposcanner TO opsproof is missing"),
        ("NotFound", "the database none does not exist"),
    ]


def test_tls_is_verified_where_it_is_asked_for() -> None:
    probe, _ = probed(target(sslmode="verify-full"))
    assert failure(probe)[0] == "TlsFailed"


def test_a_name_that_is_not_known_is_our_side() -> None:
    probe, _ = probed(target(host="no-such-host.invalid", sslmode="disable"))
    assert (failure(probe)[0], own(probe)) == ("Unreachable", True)


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (faulty.silent, "TimedOut"),
        (faulty.reset, "Unreachable"),
        (faulty.answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "BadAnswer"),
        (faulty.dripping(b"R\0\0\1\xf4\0\0\0\x0a", b"X", every=0.05), "TimedOut"),
    ],
    ids=["silent", "reset", "another protocol", "dripping"],
)
def test_servers_that_are_none(behave: faulty.Behaviour, kind: str) -> None:
    with faulty.serving(behave) as port:
        probe, _ = probed(target(port=port, sslmode="disable"), seconds=2.5 if kind == "TimedOut" else 60)
    assert failure(probe)[0] == kind


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (postgres_faults.password_changed, Unauthenticated),
        (lambda: postgres_faults.database_forbidden("reposcanner"), Forbidden),
        (postgres_faults.stopped, Unreachable),
    ],
)
def test_what_needs_an_answer_raises(fault: Any, expected: type[CollectionError]) -> None:
    with fault(), pytest.raises(expected):
        counted()


def test_a_statement_that_hangs_is_ended() -> None:
    made = target()
    collector, link = PostgresCollector(made), RecordingLink(made, seconds=1.0)
    with pytest.raises(TimedOut), collector._session(link, "CONNECT", 0.5) as session:
        collector._rows(session, link, "SELECT pg_sleep(30)", "SELECT sleep", tuple[str])


def test_the_surrounding_shell_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOSTADDR": "127.0.0.9",
        "PGPASSWORD": "x",
        "PGOPTIONS": "-c x=1",
        "PGSSLMODE": "x",
    }.items():
        monkeypatch.setenv(name, value)
    assert probed()[0].failure is None


def test_no_secret_in_what_is_kept() -> None:
    with postgres_faults.password_changed():
        probe, link = probed()
    secret = secrets.password("postgres-opsproof")
    assert secret not in f"{probe}{link.requests}"
