"""Files that are whole or not there, whatever kills the process, and lines appended by many processes."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, content: Iterable[bytes]) -> None:
    """Replace `path` by the parts of `content` in one step, readable by its owner alone."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.writelines(content)
    temporary.replace(path)


def point(link: Path, at: str) -> None:
    """Make the symbolic link `link` point at the name `at`, in one step."""
    temporary = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
    temporary.symlink_to(at)
    temporary.replace(link)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold an exclusive lock on `path` (made if missing) over all threads and processes; gives its handle."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def append_line(path: Path, line: bytes) -> None:
    """Append one line; lines of several processes never mix."""
    with locked(path) as handle:
        os.lseek(handle, 0, os.SEEK_END)
        _write_all(handle, line + b"\n")


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
