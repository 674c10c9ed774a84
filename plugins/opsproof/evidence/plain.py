"""Files from a folder that somebody else may have filled: only plain ones, never through a link, never without end."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOST = 2**30  # bytes of one file, compressed or not, that are ever read
_CHUNK = 1024 * 1024
_GZIP = 31  # zlib's name for gzip's header around the largest window


class NotPlain(ValueError):
    """A link, a device, a pipe, a file that is too large: nothing that a run leaves."""


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file behind a name. Raises FileNotFoundError, NotPlain, or another OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotPlain(f"{path.name} is no plain file ({error.strerror})") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotPlain(f"{path.name} is no plain file")
        yield handle
    finally:
        os.close(handle)


def _chunks(path: Path, most: int, begins: int = 0) -> Iterator[bytes]:
    left = most
    with _opened(path) as handle:
        os.lseek(handle, begins, os.SEEK_SET)
        while chunk := os.read(handle, _CHUNK):
            left -= len(chunk)
            if left < 0:
                raise NotPlain(f"{path.name} has more than {most} bytes")
            yield chunk


def content(path: Path, most: int = MOST) -> bytes:
    """All of a plain file. Raises FileNotFoundError or NotPlain."""
    return b"".join(_chunks(path, most))


def unpacked(path: Path, most: int = MOST) -> bytes:
    """All of a gzip file, never more than `most` bytes of it.

    Raises:
        FileNotFoundError: there is none.
        NotPlain: no plain file, more than `most` bytes, or no whole gzip file.
    """
    return b"".join(unpacking(path, most))


def unpacking(path: Path, most: int = MOST) -> Iterator[bytes]:
    """What `unpacked` gives, piece by piece; it raises where what is wrong is come to."""
    unpacker, left = zlib.decompressobj(_GZIP), most
    try:
        for piece in _pieces(unpacker, _chunks(path, most)):
            left -= len(piece)
            if left < 0:
                raise NotPlain(f"{path.name} unpacks to more than {most} bytes")
            yield piece
    except zlib.error as damage:
        raise NotPlain(f"{path.name} is no gzip file ({damage})") from None
    if not unpacker.eof or unpacker.unused_data:
        raise NotPlain(f"{path.name} is no whole gzip file")


def _pieces(unpacker: Any, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """None larger than a chunk, however much a chunk becomes."""
    for chunk in chunks:
        packed = chunk
        while packed:
            yield unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail
    yield unpacker.flush()


def digest(path: Path) -> str:
    """SHA-256 of a plain file: 64 hex digits. Raises FileNotFoundError or NotPlain."""
    total = hashlib.sha256()
    for chunk in _chunks(path, MOST):
        total.update(chunk)
    return total.hexdigest()


def names(folder: Path, below: str = "") -> Iterator[str]:
    """Every file below a folder by its path from there: `facts/1f.json.gz`.

    Raises:
        NotPlain: something else than folders and plain files lies there.
    """
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda one: one.name):
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from names(Path(entry.path), f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                yield name
            else:
                raise NotPlain(f"{name} is a link or no file at all")


def members(path: Path) -> Iterator[tuple[int, bytes]]:
    """The gzip files that stand in a file, one behind the other: where each begins, and all of it. Raises as `unpacked`."""
    begins, size = 0, path.lstat().st_size
    while begins < size:
        found, ends = unpacked_at(path, begins)
        yield begins, found
        begins = ends


def unpacked_at(path: Path, begins: int, most: int = MOST) -> tuple[bytes, int]:
    """The gzip file that begins there, and where it ends. Raises as `unpacked`."""
    unpacker, found, left, ends = zlib.decompressobj(_GZIP), [], most, begins
    try:
        for chunk in _chunks(path, most, begins):
            ends += len(chunk)
            found.append(unpacker.decompress(chunk, left + 1))
            left -= len(found[-1])
            if left < 0 or unpacker.unconsumed_tail:
                raise NotPlain(f"{path.name} unpacks to more than {most} bytes")
            if unpacker.eof:
                return b"".join(found), ends - len(unpacker.unused_data)
    except zlib.error as damage:
        raise NotPlain(f"{path.name} is no gzip file ({damage})") from None
    raise NotPlain(f"{path.name} is no whole gzip file")
