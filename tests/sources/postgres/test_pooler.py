"""pgbouncer's console: Debian's real one before a real PostgreSQL, and what else may be there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from opsproof.model.ask import Ask
from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    IdentityMismatch,
    NotConfigured,
    TimedOut,
    TlsFailed,
    Unauthenticated,
    Unreachable,
)
from opsproof.model.rights import Account
from opsproof.model.target import CERTIFICATE
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.facts import DatabaseProbesOf, SessionsOf
from opsproof.sources.postgres.pooler import Pool, PooledDatabase, PoolerSample, PoolerState, PoolsOf
from opsproof.sources.postgres.pooler_collector import PoolerCollector
from opsproof.sources.postgres.rights.pooler import RIGHTS
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.contract.postgres_wire import BOUNCER, Rows, bouncer, shown
from tests.sources.postgres.own import Server
from tests.sources.postgres.poolers import PgBouncer, pooler
from tests.testbed import place, process


@pytest.fixture(scope="module")
def server(apart: None, own_server: Server) -> Server:
    return own_server


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[PgBouncer]:
    """Pools of one session, of which transactions alone hold one."""
    with pooler(server.port, "books", default_pool_size="1", pool_mode="transaction") as made:
        yield made


def one(found: PoolerState) -> PoolerSample:
    (sample,) = found.samples
    return sample


def pool(found: PoolerState) -> Pool:
    (only,) = one(found).pools
    return only


@contextmanager
def exhausted(running: PgBouncer) -> Iterator[None]:
    """A transaction holds the only session, and another client waits for it."""
    with running.connect() as holding, running.connect() as waiting, ExitStack() as held:
        held.callback(waiting.pgconn.finish)
        holding.execute("BEGIN")
        holding.execute("SELECT 1")
        waiting.pgconn.send_query(b"SELECT 1")
        process.await_that("a client that waits", lambda: pool(running.told()).waiting == 1)
        yield


def test_a_pooler_that_nobody_has_used_has_databases_and_no_pools(server: Server) -> None:
    with pooler(server.port, max_client_conn="70") as fresh:
        found = fresh.told()
    assert found == PoolerState(
        role="pgbouncer",
        user="opsproof",
        samples=(PoolerSample(clients=0, most=70, databases=(PooledDatabase(name="postgres", size=20),)),),
    )


def test_who_waits_behind_a_pool_that_is_used_up_is_told(running: PgBouncer) -> None:
    with exhausted(running):
        process.await_that("a while", lambda: pool(running.told()).longest > 0.1)
        found = running.told(samples=2, spacing=0.01)
    assert [(sample.clients, len(sample.pools)) for sample in found.samples] == [(2, 1), (2, 1)]
    told = found.samples[-1].pools[0]
    assert (told.database, told.user, told.active, told.waiting, told.servers) == (
        "postgres", "opsproof", 1, 1, 1,
    )  # fmt: skip
    assert told.longest > 0.1


def test_nothing_of_queries_clients_or_servers_is_kept(running: PgBouncer) -> None:
    """Names of databases and of users, and numbers."""
    with exhausted(running):
        texts = str(running.told())
    assert ("SELECT" in texts, place.HOST in texts) == (False, False)


def test_it_is_asked_by_show_alone(running: PgBouncer) -> None:
    target = running.target()
    link = RecordingLink(target)
    PoolerCollector(target).collect(PoolsOf(target=target.id, role="pgbouncer", samples=1), link)
    shown = ["SHOW POOLS", "SHOW DATABASES", "SHOW LISTS", "SHOW CONFIG"]
    assert link.paths == ["SQL CONNECT", *(f"SQL {one}" for one in shown)]


@pytest.mark.parametrize(("word", "back"), [("PAUSE", "RESUME"), ("DISABLE", "ENABLE")])
def test_a_database_that_takes_no_session_is_told(running: PgBouncer, word: str, back: str) -> None:
    running.command(f"{word} books")
    found = {each.name: (each.paused, each.disabled) for each in one(running.told()).databases}
    running.command(f"{back} books")
    assert found == {"books": (word == "PAUSE", word == "DISABLE"), "postgres": (False, False)}


def test_a_client_at_its_login_waits_though_no_time_is_told() -> None:
    """The server is away: pgbouncer counts the wait from the first query."""
    with pooler(faulty.unused_port()) as before_nothing, ExitStack() as held:
        words = f"host={place.HOST} port={before_nothing.port} user=opsproof dbname=postgres password=planted-hunter2"
        waiting = psycopg.pq.PGconn.connect_start(words.encode())
        held.callback(waiting.finish)

        def shown() -> bool:
            waiting.connect_poll()
            pools = one(before_nothing.told()).pools
            return bool(pools and pools[0].waiting)

        process.await_that("a client that waits", shown)
        found = pool(before_nothing.told())
    assert (found.waiting, found.longest, found.servers) == (1, 0, 0)


def test_more_clients_than_it_takes_do_not_keep_us_out(server: Server) -> None:
    with pooler(server.port, max_client_conn="2") as full, full.connect(), full.connect():
        with pytest.raises(psycopg.OperationalError, match="max_client_conn"):
            full.connect()
        found = one(full.told())
    assert (found.clients, found.most) == (2, 2)


def test_one_of_several_processes_says_so(server: Server) -> None:
    with pooler(server.port, so_reuseport="1") as several:
        assert several.told().one_of_several


def failure(running: PgBouncer, **more: object) -> CollectionError:
    with pytest.raises(CollectionError) as raised:
        running.told(**more)
    return raised.value


def test_a_user_who_may_not_look_is_told_what_is_missing(running: PgBouncer) -> None:
    found = failure(running, user="stranger")
    assert (type(found), found.message) == (
        Forbidden,
        "the pooler's console lets stranger not in: name it under stats_users",
    )


def test_a_wrong_password_is_ours(running: PgBouncer) -> None:
    file = running.folder / "wrong"
    file.write_text(os.urandom(8).hex())
    assert type(failure(running, password={"file": str(file)})) is Unauthenticated


def test_nothing_on_the_port_is_unreachable(running: PgBouncer) -> None:
    assert type(failure(running, port=faulty.unused_port())) is Unreachable


def test_a_frozen_pooler_is_out_of_time(running: PgBouncer) -> None:
    target = running.target()
    ask, link = PoolsOf(target=target.id, role="pgbouncer", samples=1), RecordingLink(target, seconds=0.3)
    running.running.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(TimedOut):
            PoolerCollector(target).collect(ask, link)
    finally:
        running.running.send_signal(signal.SIGCONT)


def test_a_postgresql_is_no_pooler(server: Server, running: PgBouncer) -> None:
    """Even one with a database that is called as the console is."""
    said = "no pgbouncer answers there, but something else that speaks PostgreSQL's protocol"
    without = failure(running, port=server.port)
    server.run("CREATE DATABASE pgbouncer")
    try:
        with_one = failure(running, port=server.port)
    finally:
        server.run("DROP DATABASE pgbouncer")
    assert [(type(one), one.message) for one in (without, with_one)] == [(BadAnswer, said)] * 2


@pytest.mark.parametrize(
    "ask",
    [
        DatabaseProbesOf(target="postgres:test", role="postgres", probes=1),
        SessionsOf(target="postgres:test", role="postgres"),
    ],
)
def test_the_console_is_no_postgresql(running: PgBouncer, ask: Ask) -> None:
    """Nor is it a database that does not answer: it is named wrongly, which is our own side."""
    running.target()
    target = target_of(
        "postgres",
        host=place.HOST,
        port=running.port,
        database="pgbouncer",
        user="opsproof",
        password={"file": str(running.folder / "password")},
    )
    collector = PostgresCollector(target)
    if isinstance(ask, DatabaseProbesOf):
        found = collector.collect(ask, RecordingLink(target)).probes[0].failure
    else:
        with pytest.raises(NotConfigured) as raised:
            collector.collect(ask, RecordingLink(target))
        found = raised.value.as_failure()
    assert (found.kind, found.own) == ("NotConfigured", True)
    assert found.message.endswith("which runs no SQL: name a database that it hands on")


def test_a_pool_of_single_statements_is_no_database_that_fails(server: Server) -> None:
    with pooler(server.port, pool_mode="statement") as single:
        single.target()
        target = target_of(
            "postgres", host=place.HOST, port=single.port, database="postgres", user="opsproof",
            password={"file": str(single.folder / "password")},
        )  # fmt: skip
        ask = DatabaseProbesOf(target=target.id, role="postgres", probes=1)
        found = PostgresCollector(target).collect(ask, RecordingLink(target)).probes[0].failure
    assert (found.kind, found.own) == ("NotConfigured", True)


def test_it_says_where_it_hands_sessions_to(server: Server, running: PgBouncer) -> None:
    target = running.target(identity={"database.books": "elsewhere:5432/books"})
    report = PoolerCollector(target).identify(RecordingLink(target))
    assert report.identity == {
        "database.books": f"{place.HOST}:{server.port}/books",
        "database.postgres": f"{place.HOST}:{server.port}/postgres",
    }
    assert (report.declared, report.version.endswith("/bouncer")) == (
        {"database.books": "elsewhere:5432/books"},
        True,
    )


def test_its_certificate_is_held_to_the_declared_one(server: Server) -> None:
    """Before the password is sent."""
    files = {
        name: str(server.folder / "data" / f"server.{end}") for name, end in (("cert", "crt"), ("key", "key"))
    }
    tls = {f"client_tls_{name}_file": file for name, file in files.items()}
    with pooler(server.port, client_tls_sslmode="require", **tls) as secured:
        right = secured.target(sslmode="require", identity={CERTIFICATE: server.pin})
        report = PoolerCollector(right).identify(RecordingLink(right))
        other = failure(secured, sslmode="require", identity={CERTIFICATE: "0" * 64})
    assert (report.identity[CERTIFICATE], type(other)) == (server.pin, IdentityMismatch)


def test_without_tls_no_certificate_is_proven(running: PgBouncer) -> None:
    assert type(failure(running, sslmode="require", identity={CERTIFICATE: "0" * 64})) is TlsFailed


def test_what_is_printed_is_enough_and_each_right_is_missed(server: Server, running: PgBouncer) -> None:
    (file,) = RIGHTS.files(PoolsOf.needs, running.target(), Account())
    (line,) = [text for text in file.text.splitlines() if text.startswith("stats_users")]
    allowed, stranger = running.target(), running.target(user="stranger")
    with pooler(server.port, stats_users=line.partition(" = ")[2]) as printed:
        granted = printed.target()
        lacking = PoolerCollector(granted).lacks(PoolsOf.needs, RecordingLink(granted))
    assert (lacking, PoolerCollector(allowed).lacks(PoolsOf.needs, RecordingLink(allowed))) == ([], [])
    assert PoolerCollector(stranger).lacks(PoolsOf.needs, RecordingLink(stranger)) == list(PoolsOf.needs)


def made_up(version: str = BOUNCER, **answers: Rows) -> PoolerState:
    """What a made-up console's answers become; those that are not given are well."""
    with faulty.serving(bouncer({**shown("shop"), **answers}, version)) as port:
        target = target_of("pgbouncer", host=place.HOST, port=port, user="opsproof", require_auth=["none"])
        ask = PoolsOf(target=target.id, role="pgbouncer", samples=1)
        return PoolerCollector(target).collect(ask, RecordingLink(target))


def changed(name: str, **more: str | int | None) -> dict[str, Rows]:
    """What the console shows by that name, with other values in each row; None leaves a column out."""
    rows = [{**row, **more} for row in shown("shop")[name]]
    return {
        name: [{key: value for key, value in row.items() if more.get(key, "") is not None} for row in rows]
    }


@pytest.mark.parametrize("activity", ["paused", "suspended"])
def test_a_later_version_tells_that_it_is_paused_as_a_whole(activity: str) -> None:
    state = [
        {"key": one, "value": "yes" if one == activity else "no"} for one in ("active", "paused", "suspended")
    ]
    assert one(made_up(STATE=state)).activity == activity


def test_a_version_before_is_not_asked_for_it() -> None:
    """1.18 has no such command."""
    assert one(made_up("1.18.0/bouncer", STATE=[])).activity == ""


def test_later_versions_tell_limits_of_clients_and_sessions_that_are_cancelled() -> None:
    limits = {"max_client_connections": 9, "current_client_connections": 4, "max_connections": 6}
    pools = changed("POOLS", sv_active_cancel=2, sv_being_canceled=3)
    found = one(made_up(**changed("DATABASES", **limits), **pools))
    assert found.databases[0] == PooledDatabase(
        name="shop", size=20, servers=1, most=6, clients=4, most_clients=9
    )
    assert found.pools[0].servers == 10


@pytest.mark.parametrize(
    "answers",
    [
        changed("POOLS", maxwait_us=None),
        changed("POOLS", cl_waiting=-1),
        changed("POOLS", cl_waiting="many"),
        changed("DATABASES", paused=None),
        {"POOLS": shown("shop")["POOLS"][1:]},
        {"DATABASES": shown("shop")["DATABASES"][1:]},
        {"LISTS": [{"list": "databases", "items": 2}]},
        {"CONFIG": [{"key": "max_client_conn", "value": "many"}]},
        {"POOLS": []},
    ],
    ids=[
        "a version before 1.8", "a negative number", "no number", "no word of pauses", "not its own pool",
        "not its own database", "no clients", "no limit of clients", "nothing",
    ],
)  # fmt: skip
def test_what_does_not_tell_all_is_no_answer(answers: dict[str, Rows]) -> None:
    with pytest.raises(BadAnswer):
        made_up(**answers)


@pytest.mark.parametrize("version", ["17.2", "9.6.0-odyssey", "", "x/bouncer", "1.2"])
def test_another_pooler_is_not_taken_for_one(version: str) -> None:
    with pytest.raises(BadAnswer, match="no pgbouncer answers there"):
        made_up(version)
