"""Dumps of pg_dump: where they lie, which is the newest in a folder, and the SQL of one as a stream."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Protocol

from opsproof.model.text import cut
from opsproof.sources.drill.settings import DumpsShape

GZIP, CUSTOM = b"\x1f\x8b", b"PGDMP"
MOST_BESIDE = 16 * 2**20
_CHUNK = 1 << 20
_AHEAD = timedelta(days=1)  # names may be by a clock of another zone


class Unreadable(Exception):
    """The dump cannot be read to its end. Its text is one line, without anything of the dump in it."""


class Found(Protocol):
    """A dump, as it was found."""

    @property
    def name(self) -> str:
        """For the record."""

    @property
    def made(self) -> datetime:
        """The moment that its name tells."""

    def open(self) -> io.BufferedReader:
        """As it is stored, from its beginning. Reading raises OSError or Unreadable."""

    def beside(self, name: Callable[[str], str]) -> bytes:
        """What is stored beside it under a name made of its own. Raises Unreadable."""


class Store(Protocol):
    """Where dumps lie."""

    def newest(self, deadline: float) -> Found:
        """The newest by name, to be read before `deadline` of the monotonic clock. Raises Unreadable: there is none."""


@dataclass(frozen=True)
class File:
    """A dump's file."""

    path: Path
    made: datetime

    @property
    def name(self) -> str:
        return cut(self.path.name)

    def open(self) -> io.BufferedReader:
        return self.path.open("rb")

    def beside(self, name: Callable[[str], str]) -> bytes:
        path = self.path.with_name(name(self.path.name))
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise Unreadable(f"{cut(path.name)} is no plain file")
        try:
            with path.open("rb") as file:
                return file.read(MOST_BESIDE)
        except OSError as error:
            raise Unreadable(f"{cut(path.name)} cannot be read: {error.strerror}") from None


@dataclass(frozen=True)
class Folder:
    """Of its plain files, those that are named like the pattern; a name of the future is none."""

    dumps: DumpsShape

    def newest(self, deadline: float) -> File:
        latest = datetime.now(timezone.utc) + _AHEAD
        named = list(self._files())
        found = [one for one in named if one.made <= latest]
        if not found:
            future = ", but for some dated in the future" if named else ""
            raise Unreadable(f"no file of {self.dumps.folder} is named like {self.dumps.pattern}{future}")
        return max(found, key=lambda one: (one.made, one.path.name))

    def _files(self) -> Iterator[File]:
        try:
            with os.scandir(self.dumps.folder) as entries:
                for entry in entries:
                    made = self.dumps.named(entry.name)
                    if made is not None and entry.is_file(follow_symlinks=False):
                        yield File(Path(entry.path), made)
        except OSError as error:
            raise Unreadable(f"{self.dumps.folder} cannot be listed: {error.strerror}") from None


class Stream:
    """A dump's content, unpacked, with the size and digest of what is stored as far as it was read."""

    def __init__(self, found: Found) -> None:
        self._found = found
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
            with self._found.open() as file:
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
            raise Unreadable("it is empty")

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
