"""Restore drills on a real PostgreSQL, by PostgreSQL's own programs."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from opsproof.drill.scratch import Refused
from opsproof.environment.environment import Environment
from opsproof.sources.drill.facts import Drill, TableRows
from tests.drill.shop import COUNTS, ORDERED, Shop, now
from tests.testbed.process import await_that

pytestmark = pytest.mark.slow


def failed(drill: Drill) -> tuple[str, str, str]:
    """Where it ended, why, and by which SQLSTATE."""
    assert not drill.good
    assert drill.ended is not None
    assert drill.rto is None
    step = drill.failed
    assert step is not None
    return step.name, step.failure, step.sqlstate


def test_a_dump_that_restores_is_measured_and_taken_away(shop: Shop) -> None:
    path = shop.backup()
    drill = shop.drill()
    assert drill.good
    assert [step.name for step in drill.steps] == [
        "choose the newest dump",
        "make a database",
        "load the dump",
        "look at the restored data",
        "count the rows",
    ]
    assert drill.dump is not None
    assert (drill.dump.name, drill.dump.made, drill.dump.bytes) == (path.name, ORDERED, path.stat().st_size)
    assert drill.rows == tuple(TableRows(table=name, wanted=n, found=n) for name, n in COUNTS.items())
    assert drill.newest == ORDERED
    assert drill.rpo == (drill.began - ORDERED).total_seconds()
    assert drill.others == 0
    assert not drill.left
    assert shop.databases == set()


def test_its_record_is_what_was_found(shop: Shop) -> None:
    shop.backup()
    drill = shop.drill()
    (record,) = shop.records.iterdir()
    assert record.name == f"{drill.id}.json"
    assert msgspec.json.decode(record.read_bytes(), type=Drill) == drill


@pytest.mark.parametrize("form", [(), ("-Fc",)])
def test_the_newest_by_name_is_restored_in_whatever_form(shop: Shop, form: tuple[str, ...]) -> None:
    shop.backup(made=ORDERED - timedelta(days=1))
    newest = shop.keep(shop.dump(*form), made=ORDERED + timedelta(hours=1))
    shop.keep(b"", made=ORDERED - timedelta(days=2))  # written last, and still not the newest
    drill = shop.drill()
    assert drill.good, drill.steps
    assert drill.dump is not None
    assert drill.dump.name == newest.name


def test_sql_that_ends_early_is_not_whole_though_psql_takes_it(shop: Shop) -> None:
    """Between two statements: nothing is wrong with what is there."""
    text = shop.dump()
    shop.keep(gzip.compress(text[: text.index(b"COPY public.orders")]))
    name, failure, _ = failed(shop.drill())
    assert (name, failure) == (
        "load the dump",
        "it ends before pg_dump's last line, `-- PostgreSQL database dump complete`",
    )


def test_a_damaged_byte_is_found_by_the_crc(shop: Shop) -> None:
    whole = bytearray(gzip.compress(shop.dump()))
    whole[-6] ^= 1  # in the CRC, behind all data
    shop.keep(bytes(whole))
    assert failed(shop.drill())[1] == "what gzip packed is damaged"


def test_a_dump_that_is_named_for_the_future_is_none(shop: Shop) -> None:
    """Else it would be restored again and again, whatever the nights after it left."""
    shop.backup(made=now() + timedelta(days=300))
    failed = shop.drill().failed
    assert failed is not None and failed.failure.endswith(", but for some dated in the future")
    newest = shop.backup()
    assert shop.drill().dump.name == newest.name  # type: ignore[union-attr]


def test_the_dump_of_another_database_has_other_tables(shop: Shop) -> None:
    shop.run("DROP TABLE items", "DELETE FROM orders WHERE id = 2")
    shop.backup()
    drill = shop.drill()
    assert failed(drill) == (
        "count the rows",
        "2 of 2 tables have other rows than were counted for the dump",
        "",
    )
    assert drill.rows == (
        TableRows(table="public.orders", wanted=3, found=2),
        TableRows(table="public.items", wanted=5, found=None),
    )


def test_a_role_that_is_missing_on_the_new_server_fails_the_restore(shop: Shop) -> None:
    shop.server.run("CREATE ROLE nobody_else")
    shop.run("ALTER TABLE items OWNER TO nobody_else")
    dumped = shop.dump()
    shop.run("ALTER TABLE items OWNER TO app")
    shop.server.run("DROP ROLE nobody_else")
    shop.keep(gzip.compress(dumped))
    name, failure, sqlstate = failed(shop.drill())
    assert (name, sqlstate) == ("load the dump", "42704")
    assert "does not exist, such as the role that owns a table" in failure


def test_data_without_a_newest_row_are_not_examined(shop: Shop) -> None:
    shop.run("DELETE FROM orders")
    shop.backup()
    assert failed(shop.drill())[1] == "the SQL of `newest` finds no row in the restored data"


def test_the_counts_are_missing_or_none(shop: Shop) -> None:
    shop.backup(counts=None)
    assert "counts.json cannot be read" in failed(shop.drill())[1]
    undeclared = shop.drill(counts=None)
    assert undeclared.good
    assert not undeclared.counted


def test_counts_that_are_a_pipe_are_not_waited_for(shop: Shop) -> None:
    path = shop.backup(counts=None)
    os.mkfifo(path.with_name(f"{path.name}.counts.json"))
    assert failed(shop.drill())[1].endswith("counts.json is no plain file")


def test_an_error_after_many_notices_is_known(shop: Shop) -> None:
    noise = b"DO $$ BEGIN FOR n IN 1..5000 LOOP RAISE NOTICE 'of the dump'; END LOOP; END $$;\nSELECT 1/0;\n"
    shop.keep(noise + shop.dump())
    assert failed(shop.drill())[2] == "22012"


def test_tables_that_nobody_counted_are_told(shop: Shop) -> None:
    """A manifest of one table says nothing about the others; a partition is counted with its table."""
    shop.backup(counts={"public.orders": 3})
    drill = shop.drill()
    assert (drill.good, drill.uncounted) == (True, 1)
    shop.run(
        "CREATE TABLE logs (at int) PARTITION BY RANGE (at)",
        "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (1) TO (9)",
        "INSERT INTO logs VALUES (1), (2)",
        "ALTER TABLE logs OWNER TO app",
        "ALTER TABLE logs_1 OWNER TO app",
    )
    for name in ("logs", "logs_1"):
        shop.backup(counts={**COUNTS, f"public.{name}": 2})
        drill = shop.drill()
        assert (drill.good, drill.uncounted) == (True, 0)


def test_what_takes_too_long_is_ended(shop: Shop) -> None:
    endless = b"SELECT pg_sleep(3600);\n" + b"-- PostgreSQL database dump complete\n"
    shop.keep(endless)
    assert failed(shop.drill(within="1s"))[1] == "it was not loaded in the time that a drill may take"
    assert shop.databases == set()


def test_looking_at_it_takes_no_longer_than_a_drill_may(shop: Shop) -> None:
    """The database is the dump's: a view in it may take as long as it likes."""
    from opsproof.drill import examined, scratch

    settings = shop.target().settings.into
    shop.run("CREATE VIEW slow AS SELECT now() AS at FROM pg_sleep(3600)", "GRANT SELECT ON slow TO drill")
    with scratch.session(settings, "shop") as at:
        with pytest.raises(examined.NotExamined, match="in the time that a drill may take"):
            examined.newest(at, "SELECT at FROM slow", time.monotonic() + 0.2)
        with pytest.raises(examined.NotExamined, match="in the time that a drill may take"):
            examined.rows(at, {"public.slow": 1}, time.monotonic() + 0.2)


def test_no_variable_of_the_shell_leads_to_another_server(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psql is given none of them: it would restore elsewhere than was proven."""
    from opsproof.drill import scratch
    from opsproof.drill.perform import perform

    shop.backup()
    target = shop.target()
    for name, value in (
        ("PGHOSTADDR", "127.0.0.9"),
        ("PGOPTIONS", "-c search_path=planted"),
        ("PGPORT", "1"),
    ):
        monkeypatch.setenv(name, value)
    assert perform(target, scratch.proven(target, ()), lambda step: None).good


def test_why_there_is_no_session_is_told(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong")
    for more, says in (
        ({"password": {"file": str(tmp_path / "wrong")}}, "targets.drill.into: wrong password for drill"),
        ({"port": 1}, "targets.drill.into: connection refused"),
    ):
        with pytest.raises(Refused, match=says):
            shop.drill(into={**shop.scratch_settings, **more})


@pytest.mark.parametrize(
    "command", ["\\! touch {}", "SELECT 1 \\! touch {}\n;", "\\o {}\nSELECT 1;", "\\c postgres"]
)
def test_a_dump_may_not_steer_psql(shop: Shop, tmp_path: Path, command: str) -> None:
    made = tmp_path / "made"
    text = shop.dump()
    at = text.index(b"CREATE TABLE")
    shop.keep(text[:at] + command.format(made).encode() + b"\n" + text[at:])
    drill = shop.drill()
    assert not made.exists()
    assert failed(drill)[1] == "the dump holds a command to psql, which it must not: no dump of pg_dump does"


def test_a_dump_may_not_run_programs_on_the_server(shop: Shop) -> None:
    text = shop.dump()
    shop.keep(b"COPY (SELECT 1) TO PROGRAM 'cat';\n" + text)
    assert failed(shop.drill())[2] == "42501"


@pytest.mark.parametrize("words", [("--create",), ("--create", "--clean"), ("--create", "--clean", "-Fc")])
def test_a_dump_that_makes_its_database_drops_none(shop: Shop, words: tuple[str, ...]) -> None:
    """By its owner's name it could: pg_dump writes DROP DATABASE before it connects elsewhere."""
    shop.keep(shop.dump(*words))
    drill = shop.drill()
    if "-Fc" in words:  # of which pg_restore makes what it is told to
        assert drill.good, drill.steps
    else:
        assert failed(drill)[1].startswith("it makes or drops whole databases")
    assert shop.server.run("SELECT 1 FROM pg_database WHERE datname = 'shop'") == [(1,)]
    assert shop.databases == set()


def test_a_server_that_might_run_a_dumps_programs_is_refused(shop: Shop) -> None:
    shop.server.run("ALTER ROLE drill SUPERUSER")
    try:
        with pytest.raises(Refused, match="may run programs on the server, and so might a dump"):
            shop.drill()
    finally:
        shop.server.run("ALTER ROLE drill NOSUPERUSER")
    assert not shop.records.exists()


@pytest.mark.parametrize(
    ("given", "taken", "might"),
    [
        (
            "GRANT postgres TO drill",
            "REVOKE postgres FROM drill",
            "as a member of postgres, may run programs",
        ),
        (
            "GRANT pg_write_server_files TO drill",
            "REVOKE pg_write_server_files FROM drill",
            "as a member of pg_write_server_files, may run programs",
        ),
        ("ALTER ROLE drill CREATEROLE", "ALTER ROLE drill NOCREATEROLE", "drill may make roles"),
        ("ALTER ROLE app REPLICATION", "ALTER ROLE app NOREPLICATION", "member of app, may make replication"),
    ],
)
def test_a_dump_becomes_no_role_that_may_do_more(shop: Shop, given: str, taken: str, might: str) -> None:
    """The role that owns all in the original is a superuser often: who is a member of it may SET ROLE to it."""
    shop.server.run(given)
    try:
        with pytest.raises(Refused, match=might):
            shop.drill()
    finally:
        shop.server.run(taken)
    assert not shop.records.exists()


def test_a_server_is_refused_that_does_not_prove_itself(shop: Shop) -> None:
    shop.backup()
    with pytest.raises(Refused, match="declares no system-identifier"):
        shop.drill(into={**shop.scratch_settings, "identity": {}})
    with pytest.raises(Refused, match="it is another server"):
        shop.drill(into={**shop.scratch_settings, "identity": {"system-identifier": "1"}})
    assert not shop.records.exists()


@pytest.mark.parametrize("name", ["production", "prod-eu", "eu.prod", "prod2"])
def test_what_any_environment_calls_production_is_never_restored_into(shop: Shop, name: str) -> None:
    """By its identity, or by the address, under whatever name."""
    same = {"system-identifier": shop.system}
    for theirs in (
        shop.server.target(host="db.example.org", port=5432, identity=same),
        shop.server.target(host="localhost"),
    ):
        other = Environment(name, "shop", Path("x.yaml"), targets={"main": theirs})
        with pytest.raises(
            Refused, match=f"is targets.main of shop/{name}: production is never restored into"
        ):
            shop.drill([other])
    assert not shop.records.exists()


def test_other_environments_may_share_the_server(shop: Shop) -> None:
    shop.backup()
    other = Environment("reproduction", "shop", Path("x.yaml"), targets={"main": shop.server.target()})
    assert shop.drill([other]).good


def test_what_a_killed_drill_left_is_taken_away_by_the_next(shop: Shop) -> None:
    shop.server.run("CREATE DATABASE opsproof_drill_20260101t000000z_abcdef OWNER drill")
    shop.backup()
    assert shop.drill().good
    assert shop.databases == set()


def test_what_is_still_being_made_when_the_drill_is_killed_goes_too(shop: Shop) -> None:
    """The server makes it whole, whoever does not wait for it any more."""
    from opsproof.drill import janitor, scratch

    settings, name = shop.target().settings.into, "opsproof_drill_20260101t000000z_abcdef"
    shop.server.run("CREATE DATABASE held OWNER drill")
    holder = shop.server.connect(database="held")  # a template is waited for that somebody is in

    def make() -> None:
        with scratch.session(settings) as at:
            at.execute(f"CREATE DATABASE {name} TEMPLATE held".encode())

    maker = threading.Thread(target=make)
    maker.start()
    try:
        with scratch.session(settings) as at:
            is_made = (scratch._MAKING.encode(), [scratch.APPLICATION, name])
            await_that("it is being made", lambda: at.execute(*is_made).fetchone())
        threading.Timer(0.5, holder.close).start()
        task = {"parameters": scratch.parameters(settings), "database": name}
        janitor.main(io.BytesIO(json.dumps(task).encode() + b"\n"))
    finally:
        maker.join()
        shop.server.run("DROP DATABASE held")
    assert shop.databases == set()


def test_two_drills_at_once_are_one_too_many(shop: Shop) -> None:
    from opsproof.drill import scratch

    into = scratch.proven(shop.target(), ())
    with scratch.alone(into), pytest.raises(Refused, match="another drill is under way"):
        shop.drill()


def test_two_drills_at_once_are_too_many_from_other_databases_too(shop: Shop) -> None:
    """Locks of sessions are of a database: the second would have dropped what the first restores into."""
    from opsproof.drill import scratch

    shop.server.run("CREATE DATABASE elsewhere")
    try:
        into = scratch.proven(shop.target(into={**shop.scratch_settings, "database": "elsewhere"}), ())
        with scratch.alone(into), pytest.raises(Refused, match="another drill is under way"):
            shop.drill()
    finally:
        shop.server.run("DROP DATABASE elsewhere")


def test_what_people_call_like_it_is_theirs(shop: Shop) -> None:
    shop.server.run("CREATE DATABASE opsproof_drill_template OWNER drill")
    try:
        shop.backup()
        assert shop.drill().good
        assert shop.databases == {"opsproof_drill_template"}
    finally:
        shop.server.run("DROP DATABASE opsproof_drill_template")


def test_a_template_made_of_it_goes_all_the_same(shop: Shop) -> None:
    said = b"format('ALTER DATABASE %I IS_TEMPLATE true', current_database())"
    shop.keep(b"DO $$ BEGIN EXECUTE " + said + b"; END $$;\n" + shop.dump())
    drill = shop.drill()
    assert (drill.good, drill.left, shop.databases) == (True, "", set())


def test_another_server_that_answers_meanwhile_is_not_written_to(shop: Shop) -> None:
    """As where a name leads to another server after somebody said yes."""
    from opsproof.drill import scratch

    moved = scratch.Scratch(shop.target().settings.into, {scratch.SYSTEM: "1"})
    with pytest.raises(Refused, match="another server answers there now"), scratch.alone(moved):
        pass
    with pytest.raises(scratch.Elsewhere):
        scratch.create(moved, "opsproof_drill_x", "template0", None)
    with pytest.raises(scratch.Elsewhere):
        scratch.take_away(moved, "shop")
    assert shop.databases == set()


def test_a_drill_knows_the_newest_row_and_not_the_dumps_age(shop: Shop) -> None:
    """A dump made a moment ago of a database that nobody has written to for days."""
    shop.run("UPDATE orders SET made = made - interval '3 days'")
    shop.backup(made=now())
    drill = shop.drill()
    assert drill.rpo is not None
    assert drill.rpo > timedelta(days=1).total_seconds()


def test_an_extension_that_only_a_superuser_makes_is_there_before(shop: Shop) -> None:
    shop.run("CREATE EXTENSION pg_buffercache", "COMMENT ON EXTENSION pg_buffercache IS 'it''s ours'")
    shop.backup()
    assert failed(shop.drill())[2] == "42501"
    shop.server.run("DROP DATABASE IF EXISTS prepared", "CREATE DATABASE prepared IS_TEMPLATE true")
    try:
        with shop.server.connect(database="prepared") as at:
            at.execute(b"CREATE EXTENSION pg_buffercache")
        assert shop.drill(template="prepared").good
    finally:
        shop.server.run("ALTER DATABASE prepared IS_TEMPLATE false", "DROP DATABASE prepared")


def test_sessions_of_others_are_counted_whoever_they_are(shop: Shop) -> None:
    from opsproof.drill import examined, scratch

    target = shop.target()
    shop.server.run("CREATE DATABASE watched OWNER drill")
    try:
        with scratch.session(target.settings.into, "watched") as at:
            assert examined.others(at) == 0
            with shop.server.connect(database="watched"), shop.server.connect(database="postgres"):
                assert examined.others(at) == 1
    finally:
        shop.server.run("DROP DATABASE watched WITH (FORCE)")
