"""The run's journal: one hash-chained JSON line for each thing that happened, written as it happens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.files import _write_all, locked, writing

FIRST = "0" * 64
_TAIL = 8192  # bytes in which the last line is looked for at first


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `hash` covers `prev` and everything else, so that no line can change or go unseen."""

    n: int
    prev: str
    type: str
    data: msgspec.Raw
    hash: str

    def computed(self) -> str:
        return _digest(self.n, self.prev, self.type, bytes(self.data))


def _digest(n: int, prev: str, kind: str, data: bytes) -> str:
    return hashlib.sha256(f"{n}\n{prev}\n{kind}\n".encode() + data).hexdigest()


class Reading(msgspec.Struct, frozen=True):
    """A journal as found: its whole lines, and what is wrong with it (empty when nothing is)."""

    entries: tuple[Entry, ...]
    altered: str = ""
    torn: bool = False

    def of(self, kind: str) -> Iterator[bytes]:
        """The data of the entries of one type, in order, as JSON."""
        return (bytes(entry.data) for entry in self.entries if entry.type == kind)


class Journal:
    """Append-only; several threads and processes may append to the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: str, data: Any) -> None:
        """Add a line, chained to the last whole one; a torn end of a killed writer is cut off.

        Raises:
            Unwritable: there is no room for it.
        """
        encoded = msgspec.json.encode(data, order="sorted")
        with locked(self.path) as handle, writing(self.path):
            last = _last_line(handle)
            n, prev = (last.n + 1, last.hash) if last else (0, FIRST)
            entry = Entry(
                n=n, prev=prev, type=kind, data=msgspec.Raw(encoded), hash=_digest(n, prev, kind, encoded)
            )
            os.lseek(handle, 0, os.SEEK_END)
            _write_all(handle, msgspec.json.encode(entry) + b"\n")


def _last_line(handle: int) -> Entry | None:
    """The last whole line; a torn one after it is cut off. A line may hold ten thousand findings."""
    end = os.lseek(handle, 0, os.SEEK_END)
    tail = b""
    while len(tail) < end and tail.count(b"\n") < 2:
        size = min(max(_TAIL, 4 * len(tail)), end)
        tail = os.pread(handle, size, end - size)
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        os.ftruncate(handle, end - (len(tail) - whole))
    last = tail[tail.rfind(b"\n", 0, max(whole - 1, 0)) + 1 : whole]
    return msgspec.json.decode(last, type=Entry) if last else None


def read(path: Path) -> Reading:
    """All whole lines of a journal, with the verdict on its chain. Reads only.

    Raises:
        FileNotFoundError: there is none.
        NotPlain: it is no plain file.
    """
    content = plain.content(path)
    whole = content.rfind(b"\n") + 1
    entries: list[Entry] = []
    prev = FIRST
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.MsgspecError:
            return Reading(tuple(entries), f"{path.name}:{number} is altered: not a journal line")
        if entry.n != number - 1 or entry.prev != prev or entry.hash != entry.computed():
            return Reading(tuple(entries), f"{path.name}:{number} is altered: its hash does not fit")
        entries.append(entry)
        prev = entry.hash
    return Reading(tuple(entries), torn=whole < len(content))
