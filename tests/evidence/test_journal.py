"""The journal: appended by many, chained, and honest about what was changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.evidence import journal
from opsproof.evidence.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def written(path: Path, count: int) -> Journal:
    book = Journal(path)
    for number in range(count):
        book.append("result", {"n": number, "text": "x" * number * 50})
    return book


def test_what_was_appended_is_read(path: Path) -> None:
    """In order, by type."""
    written(path, 20)

    reading = journal.read(path)

    assert "" == reading.altered
    assert list(range(20)) == [msgspec.json.decode(data)["n"] for data in reading.of("result")]
    assert [] == list(reading.of("other"))


def test_many_may_append_at_once(path: Path) -> None:
    """Threads do not lose or mix lines."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Journal(path).append("result", n), range(200)))

    reading = journal.read(path)

    assert "" == reading.altered
    assert sorted(range(200)) == sorted(msgspec.json.decode(data) for data in reading.of("result"))


@pytest.mark.parametrize("size", [65_400, 65_536, 262_144, 300_000, 1_500_000])
@pytest.mark.parametrize("torn", [b"", b"torn", b"t" * 700_000])
def test_a_line_of_any_length_is_chained_to(path: Path, size: int, torn: bytes) -> None:
    """Ten thousand findings are one line; the end of the file is looked at in parts."""
    book = written(path, 3)
    book.append("result", "x" * size)
    with path.open("ab") as file:
        file.write(torn)

    book.append("result", "after")
    reading = journal.read(path)

    assert ("", False) == (reading.altered, reading.torn)
    assert [0, 1, 2, 3, 4] == [entry.n for entry in reading.entries]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_end_is_dropped_and_written_over(path: Path, cut: int) -> None:
    """A writer killed in the middle of a line costs that line alone."""
    book = written(path, 5)
    path.write_bytes(path.read_bytes()[:-cut])

    torn = journal.read(path)
    book.append("result", "after")
    mended = journal.read(path)

    assert torn.torn
    assert 4 == len(torn.entries)
    assert "" == mended.altered
    assert b'"after"' == list(mended.of("result"))[-1]


@pytest.mark.parametrize("at", range(5))
def test_a_removed_line_is_noticed(path: Path, at: int) -> None:
    """Any but the last: the chain breaks where it is missing."""
    written(path, 6)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:at] + lines[at + 1 :]))

    assert f"journal.jsonl:{at + 1} is altered" in journal.read(path).altered


@given(position=st.integers(0, 10_000), byte=st.integers(32, 126))
def test_any_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    """Whichever byte of a whole line is changed: the reading is not silently another one."""
    path = tmp_path_factory.mktemp("book") / "journal.jsonl"
    written(path, 4)
    before = path.read_bytes()
    position %= len(before) - 1
    if before[position] in {byte, 10}:
        return
    changed = before[:position] + bytes([byte]) + before[position + 1 :]
    path.write_bytes(changed)

    reading = journal.read(path)

    same = [entry.data for entry in reading.entries] == [
        entry.data for entry in _reading(before, path).entries
    ]
    assert reading.altered or same


def _reading(content: bytes, path: Path) -> journal.Reading:
    path.write_bytes(content)
    return journal.read(path)


def test_a_line_that_follows_another_one_is_called_altered(path: Path) -> None:
    """Its own hash made good again by hand: what came before it is another line."""
    written(path, 3)
    lines = path.read_bytes().splitlines()
    entry = msgspec.json.decode(lines[1], type=journal.Entry)
    moved = msgspec.structs.replace(entry, prev="1" * 64)
    lines[1] = msgspec.json.encode(msgspec.structs.replace(moved, hash=moved.computed()))
    path.write_bytes(b"\n".join([*lines, b""]))

    assert "journal.jsonl:2 is altered" in journal.read(path).altered


def test_a_hash_covers_what_came_before(path: Path) -> None:
    """Else a forger would have to mend one line alone."""
    written(path, 2)
    (_, entry) = journal.read(path).entries
    assert entry.hash != msgspec.structs.replace(entry, prev="1" * 64).computed()
