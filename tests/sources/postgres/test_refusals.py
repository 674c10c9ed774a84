"""Refusals of PostgreSQL and of poolers, in any language, on a server of the protocol's first bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg.errors
import pytest

from opsproof.model.failure import Failure
from opsproof.sources.postgres import connector
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.facts import DatabaseProbes, DatabaseProbesOf
from opsproof.sources.postgres.failure import TABLE, connecting
from opsproof.sources.postgres.settings import ANY
from opsproof.sources.postgres.wire import connected
from opsproof.testing import faulty
from opsproof.testing.faulty import Behaviour
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.watchdog import watchdog
from tests.contract.postgres_wire import _error, asking, refusing, speaking

SERVER = {"host": "127.0.0.1", "database": "shop", "user": "ann", "sslmode": "disable"}


def probed(
    behave: Behaviour, folder: Path, seconds: float = 10.0, **more: Any
) -> tuple[Failure | None, RecordingLink]:
    (folder / "password").write_text("hunter2-planted")
    with faulty.serving(behave) as port:
        settings = {**SERVER, "port": port, "password": {"file": str(folder / "password")}, **more}
        target = target_of("postgres", **settings)
        link = RecordingLink(target, seconds=seconds)
        facts = PostgresCollector(target).collect(
            DatabaseProbesOf(target=target.id, role="postgres", probes=1), link
        )
    assert isinstance(facts, DatabaseProbes)
    return facts.probes[0].failure, link


@pytest.mark.parametrize("first", ["connecting", "the watchdog"])
def test_a_server_that_is_silent_is_told_alike_whichever_clock_ends_first(
    first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both end at the same moment, and one cause in two wordings would look like two."""
    late, name = (watchdog, "watchdog") if first == "connecting" else (connected, "connected")

    def much_later(*arguments: Any) -> Any:
        return late(*(one + 60 if isinstance(one, float) else one for one in arguments))

    monkeypatch.setattr(connector, name, much_later)
    failure, _ = probed(faulty.silent, tmp_path, seconds=0.4)
    assert failure is not None
    assert (failure.kind, failure.message) == ("TimedOut", "no answer in time")


@pytest.mark.parametrize(
    ("state", "text", "routine", "kind", "said"),
    [
        ("28P01", "Passwort-Authentifizierung fehlgeschlagen", "auth_failed", "Unauthenticated", "wrong password for ann"),
        ("28000", "Rolle »ann« existiert nicht", "InitializeSessionUserId", "Unauthenticated", "may not log in"),
        ("28000", "kein pg_hba.conf-Eintrag", "ClientAuthentication", "Forbidden", "lets ann not in"),
        ("3D000", "Datenbank »shop« existiert nicht", "InitPostgres", "NotFound", "shop does not exist"),
        ("42501", "keine Berechtigung für Datenbank »shop«", "CheckMyDatabase", "Forbidden", "GRANT CONNECT"),
        ("53300", "Verbindungen für Rolle erschöpft", "InitializeSessionUserId", "Unreachable", "own CONNECTION LIMIT"),
        ("53300", "tut mir leid, schon zu viele Verbindungen", "InitProcess", "Unreachable", "no slot is left"),
        ("53300", "zu viele Verbindungen für Datenbank", "CheckMyDatabase", "Unreachable", "for the database shop"),
        ("57P03", "das Datenbanksystem startet", "ProcessStartupPacket", "Unreachable", "starting up"),
        ("08P01", "no such database: shop", "", "NotFound", "shop does not exist"),
        ("08P01", "no such user", "", "Unauthenticated", "may not log in"),
        ("08P01", "no more connections allowed (max_client_conn)", "", "Unreachable", "the pooler takes no more clients"),
        ("08P01", "server login failed: password authentication failed", "", "Unreachable", "the pooler cannot log in"),
        ("08P01", "client_login_timeout (server down)", "", "Unreachable", "the pooler cannot reach its server"),
        ("08006", "etwas Neues", "", "Unreachable", "SQLSTATE 08006"),
    ],
)  # fmt: skip
def test_a_refusal_means_the_same_in_any_language(
    state: str, text: str, routine: str, kind: str, said: str, tmp_path: Path
) -> None:
    failure, _ = probed(refusing(state, text, routine), tmp_path)
    assert failure is not None
    assert (kind, True) == (failure.kind, said in failure.message), failure
    assert ("own CONNECTION LIMIT" in said) == failure.own


def test_a_paused_pooler_is_the_reason_of_a_statement_that_got_no_server(tmp_path: Path) -> None:
    failure, _ = probed(
        speaking(lambda statement: _error("08P01", "query_wait_timeout")), tmp_path, require_auth=["none"]
    )
    assert failure is not None
    assert (
        "Unreachable",
        "SELECT 1: the pooler has no server connection free: paused, or all are taken",
    ) == (
        failure.kind,
        failure.message,
    )


@pytest.mark.parametrize("way", [3, 5])
def test_a_password_is_told_to_nobody_who_has_not_proven_who_it_is(way: int, tmp_path: Path) -> None:
    """A server without verified TLS that asks for it in clear text or as MD5 gets nothing."""
    behave: Any = asking(way)
    failure, link = probed(behave, tmp_path)
    assert failure is not None
    assert ("Unauthenticated", True) == (failure.kind, "SCRAM" in failure.message)
    assert [b""] == behave.heard
    assert ["hunter2-planted"] == link.told


def test_a_server_that_asks_for_nothing_has_not_proven_itself_either(tmp_path: Path) -> None:
    failure, _ = probed(speaking(lambda statement: b""), tmp_path)
    assert failure is not None
    assert "require_auth" in failure.message


def test_the_environment_may_say_otherwise(tmp_path: Path) -> None:
    behave: Any = asking(3)
    probed(behave, tmp_path, require_auth=["password"])
    assert b"hunter2-planted" in behave.heard[0]


@pytest.mark.parametrize(
    ("more", "accepted"),
    [
        ({}, "scram-sha-256"),
        ({"sslmode": "require"}, "scram-sha-256"),
        ({"sslmode": "verify-full"}, ANY),
        ({"password": None}, ANY),
        ({"require_auth": []}, "scram-sha-256"),
        ({"require_auth": ["md5", "scram-sha-256"]}, "md5,scram-sha-256"),
    ],
)
def test_what_is_accepted_by_default(more: dict[str, Any], accepted: str) -> None:
    settings = {**SERVER, "password": {"env": "X"}, **more}
    assert (
        accepted
        == target_of("postgres", **{k: v for k, v in settings.items() if v is not None}).settings.accepted
    )


def test_where_nothing_secret_is_given_any_way_is_gone_along_with(tmp_path: Path) -> None:
    """A server that trusts us is asked; of one that wants a password it is told that there is none."""
    trusting, _ = probed(speaking(lambda statement: _error("57014", "late")), tmp_path, password=None)
    wanting, _ = probed(asking(5), tmp_path, password=None)
    assert trusting is not None and wanting is not None
    assert (
        "SELECT 1: ended by the statement timeout",
        "the server wants a password of ann, and none is given",
    ) == (
        trusting.message,
        wanting.message,
    )


def test_a_way_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown way"):
        target_of("postgres", **SERVER, require_auth=["scram"])


def test_every_class_of_the_library_has_its_row() -> None:
    """Those with a SQLSTATE are judged by it; the others are named in the table."""
    stateless = [
        name
        for name in TABLE.missing(psycopg.errors)
        if not getattr(getattr(psycopg.errors, name.rpartition(".")[2], None), "sqlstate", None)
    ]
    assert [] == stateless


def test_what_a_server_says_without_end_is_read_in_bounded_time() -> None:
    target = target_of("postgres", **SERVER, port=1)
    assert connecting("role " * 1_000_000, target).message.startswith("no session")
