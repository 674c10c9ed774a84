"""Archives of pg_dump, read to their end by pg_restore."""

from __future__ import annotations

import subprocess

import pytest

from opsproof.sources.files.remote import dump
from opsproof.sources.files.remote.reader import Reader
from tests.sources.postgres.own import Server
from tests.testbed import stored
from tests.testbed.services import postgres


@pytest.fixture(scope="module")
def archive(own_server: Server) -> bytes:
    own_server.run("CREATE TABLE archived AS SELECT md5(n::text) FROM generate_series(1, 2000) n")
    where = ["-h", str(own_server.folder), "-p", str(own_server.port), "-U", "postgres"]
    content = subprocess.run(
        [str(postgres.program("pg_dump")), "-Fc", *where, "postgres"], check=True, capture_output=True
    ).stdout
    own_server.run("DROP TABLE archived")
    return content


def told(content: bytes) -> dict[str, object]:
    reader = Reader()
    for start in range(0, len(content), 500):
        reader.feed(content[start : start + 500])
    found = reader.told()
    reader.close()
    return found


def test_a_whole_archive_is_read_to_its_end(archive: bytes) -> None:
    found = told(archive)
    assert ("custom", True) == (found["form"], found["restored"])
    assert True is told(stored.packed(archive))["restored"]


def test_what_is_in_an_archive_is_counted(archive: bytes, own_server: Server) -> None:
    """One of an empty database is as whole as any."""
    where = ["-h", str(own_server.folder), "-p", str(own_server.port), "-U", "postgres"]
    schema, nothing = (
        subprocess.run(
            [str(postgres.program("pg_dump")), "-Fc", *what, *where, "template1"],
            check=True,
            capture_output=True,
        ).stdout
        for what in (["-t", "pg_database", "-s"], [])
    )
    found = [(one["restored"], one["tables"], one["data"]) for one in map(told, (archive, schema, nothing))]
    assert [(True, 2, 1), (True, 1, 0), (True, 0, 0)] == found


def test_an_archive_whose_data_ends_early_is_not(archive: bytes) -> None:
    """Its table of contents is whole: listing it is no proof."""
    assert False is told(archive[: len(archive) * 9 // 10])["restored"]
    assert False is told(archive[:-1])["restored"] or b"\0" == archive[-1:]


def test_without_pg_restore_nothing_is_said(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "pg_restore is missing" == told(archive)["unread"]


def test_an_older_pg_restore_is_told_from_a_damaged_archive(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "_ARCHIVES", dict.fromkeys(range(9, 40), 1))
    assert "pg_restore is too old" == told(archive)["unread"]
