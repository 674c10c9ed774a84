"""Dumps of pg_dump in a folder: which is the newest, and its SQL as a stream."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO

from opsproof.model.text import cut
from opsproof.sources.drill.settings import DumpsShape

GZIP, CUSTOM = b"\x1f\x8b", b"PGDMP"
_CHUNK = 1 << 20
_AHEAD = timedelta(days=1)  # names may be by a clock of another zone


class Unreadable(Exception):
    """The dump cannot be read to its end. Its text is one line, without anything of the dump in it."""


@dataclass(frozen=True)
class Found:
    """A dump's file and the moment that its name tells."""

    path: Path
    made: datetime

    @property
    def name(self) -> str:
        return cut(self.path.name)


def newest(dumps: DumpsShape) -> Found:
    """The newest by name, of the plain files; a name of the future is none.

    Raises:
        Unreadable: there is none, or the folder cannot be listed.
    """
    latest = datetime.now(timezone.utc) + _AHEAD
    named = [one for one in _entries(dumps) if one is not None]
    found = [one for one in named if one.made <= latest]
    if not found:
        future = ", but for some dated in the future" if named else ""
        raise Unreadable(f"no file of {dumps.folder} is named like {dumps.pattern}{future}")
    return max(found, key=lambda one: (one.made, one.path.name))


def _entries(dumps: DumpsShape) -> Iterator[Found | None]:
    try:
        with os.scandir(dumps.folder) as entries:
            for entry in entries:
                made = dumps.named(entry.name)
                if made is not None and entry.is_file(follow_symlinks=False):
                    yield Found(Path(entry.path), made)
    except OSError as error:
        raise Unreadable(f"{dumps.folder} cannot be listed: {error.strerror}") from None


class Stream:
    """A dump's content, unpacked, with the size and digest of the file as far as it was read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self.bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def parts(self) -> Iterator[bytes]:
        """Unpacked parts, none of them empty.

        Raises:
            Unreadable: it is empty or cut off, or the CRC of what was packed is wrong.
        """
        try:
            with self._path.open("rb") as file:
                packed = file.peek(2).startswith(GZIP)
                counted = _Counted(file, self)
                source = gzip.GzipFile(fileobj=counted) if packed else counted
                while part := source.read(_CHUNK):
                    yield part
        except EOFError:
            raise Unreadable("what gzip packed is cut off") from None
        except (gzip.BadGzipFile, zlib.error):
            raise Unreadable("what gzip packed is damaged") from None
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error.strerror}") from None
        if not self.bytes:
            raise Unreadable("the file is empty")

    def count(self, part: bytes) -> None:
        self._digest.update(part)
        self.bytes += len(part)


class _Counted(io.RawIOBase):
    """A file whose bytes are counted as they are read."""

    def __init__(self, file: IO[bytes], stream: Stream) -> None:
        self._file = file
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self._stream.count(part)
        return part
