"""Rows, SQL and passwords are neither in a drill's record nor in what it says, whatever goes wrong."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from opsproof.cli.drill import lines
from opsproof.drill import restore, velero
from opsproof.drill.cluster import NotServed
from opsproof.sources.drill.collector import DrillCollector
from opsproof.sources.drill.facts import DrillsOf
from opsproof.testing.links import RecordingLink
from tests.drill.shop import Shop
from tests.sources.planted import MARK
from tests.sources.postgres import own

Change = Callable[[bytes], bytes]
MARKS = (MARK, own.PASSWORD)


def _items(dump: bytes, *rows: str) -> bytes:
    """More rows of the items."""
    head, copy, rest = dump.partition(b"COPY public.items (id, note) FROM stdin;\n")
    assert copy
    return head + copy + "".join(rows).encode() + rest


DAMAGES: dict[str, tuple[Change, str]] = {
    "a key twice": (lambda dump: _items(dump, f"7\t{MARK}\n", f"7\t{MARK}\n"), "23505"),
    "a number that is none": (lambda dump: _items(dump, f"{MARK}\ta\n"), "22P02"),
    "too many columns": (lambda dump: _items(dump, f"8\t{MARK}\t{MARK}\n"), "22P04"),
    "a statement that is none": (lambda dump: dump.replace(b"CREATE TABLE", f"MAKE '{MARK}'".encode(), 1), "42601"),
    "an error with a row": (
        lambda dump: dump.replace(
            b"CREATE TABLE", f"DO $$BEGIN RAISE EXCEPTION '{MARK}' USING DETAIL='{MARK}'; END$$; CREATE TABLE".encode(), 1
        ), "P0001",
    ),
    "a notice and a command to psql": (
        lambda dump: dump.replace(
            b"CREATE TABLE", f"DO $$BEGIN RAISE NOTICE '{MARK}'; END$$;\n\\echo {MARK}\nCREATE TABLE".encode(), 1
        ), "",
    ),
    "a last line that is missing": (
        lambda dump: _items(dump, f"7\t{MARK}\n").partition(b"-- PostgreSQL database dump c")[0], "",
    ),
}  # fmt: skip


def told(shop: Shop, capfd: pytest.CaptureFixture[str], **more: Any) -> tuple[str, str]:
    """What failed, by its SQLSTATE, and everything that is kept and said."""
    done = shop.drill(**more)
    target = shop.target(**more)
    link = RecordingLink(target)
    facts = DrillCollector(target).collect(DrillsOf(target="drill:test", role="drill"), link)
    records = "".join(path.read_text() for path in shop.records.iterdir())
    assert done.failed is not None
    said = "\n".join(
        [*lines(done), *capfd.readouterr(), records, repr(facts), repr(link.requests), repr(done)]
    )
    return done.failed.sqlstate, said


_SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if number < 2 else _SLOW) for number, name in enumerate(DAMAGES)]
)
def test_of_a_dump_that_cannot_be_loaded_nothing_is_told(
    name: str, shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    """psql and the server repeat rows and statements in what they say of an error."""
    change, sqlstate = DAMAGES[name]
    changed = change(shop.dump())
    assert MARK.encode() in changed
    shop.keep(gzip.compress(changed))
    found, said = told(shop, capfd)
    assert sqlstate == found
    assert [mark for mark in MARKS if mark in said] == []


def test_of_a_custom_dump_that_is_damaged_nothing_is_told(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    """pg_restore says what it could not read."""
    shop.run(f"INSERT INTO items SELECT n, '{MARK}' FROM generate_series(10, 20000) n")
    whole = shop.dump("-Fc", "-Z0")
    assert MARK.encode() in whole
    shop.keep(whole[: len(whole) * 9 // 10])
    assert [mark for mark in MARKS if mark in told(shop, capfd)[1]] == []


@pytest.mark.parametrize(
    "newest",
    [
        f"SELECT '{MARK}'::timestamptz",
        pytest.param("SELECT note::timestamptz FROM items WHERE id = 9", marks=_SLOW),
        pytest.param("SELECT note FROM items WHERE id = 9", marks=_SLOW),
        pytest.param(f'SELECT "{MARK}" FROM items', marks=_SLOW),
    ],
)
def test_of_the_restored_rows_nothing_is_told(
    newest: str, shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.run(f"INSERT INTO items VALUES (9, '{MARK}')")
    shop.backup()
    assert [mark for mark in MARKS if mark in told(shop, capfd, newest=newest)[1]] == []


def test_a_password_that_is_wrong_is_not_told(
    shop: Shop, capfd: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    from opsproof.drill import scratch

    (tmp_path / "wrong").write_text(MARK)
    target = shop.target(into={**shop.scratch_settings, "password": {"file": str(tmp_path / "wrong")}})
    with pytest.raises(scratch.Refused) as refused:
        scratch.proven(target, ())
    assert [mark for mark in MARKS if mark in str(refused.value)] == []


def test_what_cannot_be_taken_away_before_it_begins_is_a_refusal(shop: Shop) -> None:
    """One line of ours, and no traceback with the server's words."""
    from opsproof.drill import scratch

    shop.backup()
    shop.server.run('CREATE DATABASE "opsproof_drill_20260101t000000z_abcdef"')
    try:
        with pytest.raises(scratch.Refused, match=r"no session or no answer \(SQLSTATE 42501\)$"):
            shop.drill()
    finally:
        shop.server.run('DROP DATABASE "opsproof_drill_20260101t000000z_abcdef"')


@pytest.mark.parametrize("said", ["psql:<stdin>:7: FEHLER:  23505", "psql:<stdin>:7: ERROR:  23505\n"])
def test_an_error_is_known_by_its_sqlstate_in_any_language(said: str) -> None:
    assert "23505" == restore._error(said.encode()).sqlstate


def test_a_psql_that_is_too_old_is_told() -> None:
    said = b"psql:<stdin>:1: error: invalid command \\restrict\n"
    assert "update PostgreSQL's client programs" in restore._error(said).message


def test_what_velero_should_have_written_and_has_not_is_told_in_our_words() -> None:
    class Api:
        def every(self, path: str) -> Any:
            labels = {velero.LABEL: "1"}
            yield {"metadata": {"name": "opsproof-drill-1", "labels": labels, "creationTimestamp": MARK}}

    with pytest.raises(NotServed) as failed:
        velero._alone(Api(), "velero", 60)  # type: ignore[arg-type]
    assert "what should be a datetime is none" == str(failed.value)
