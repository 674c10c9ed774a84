"""Files that are whole or not there, whatever kills the process, and lines appended by many processes."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Unwritable(Exception):
    """A file of the run cannot be written. Its text is one line: the path, and the system's reason.

    No OSError, so that nobody takes it for a server's failure: what a run cannot keep, it cannot decide.
    """

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write {path}: {error.strerror or type(error).__name__}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name `path` where the system refuses to write."""
    try:
        yield
    except OSError as error:
        raise Unwritable(path, error) from None


def write_atomically(path: Path, content: Iterable[bytes]) -> None:
    """Replace `path` by the parts of `content` in one step, readable by its owner alone. Raises Unwritable."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with writing(path):
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                for part in content:  # a run writes hundreds of small files: no buffer, no look at the file
                    _write_all(handle, part)
            finally:
                os.close(handle)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def create(path: Path, content: bytes) -> None:
    """A new file for its owner alone; one that is there stays. Nobody may read it before the run has ended. Raises
    Unwritable."""
    with writing(path), suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write_all(handle, content)
        except OSError:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)


def point(link: Path, at: str) -> None:
    """Make the symbolic link `link` point at the name `at`, in one step. Raises Unwritable."""
    temporary = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
    with writing(link):
        temporary.symlink_to(at)
        temporary.replace(link)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold an exclusive lock on `path` (made if missing) over all threads and processes; gives its handle.

    Raises:
        Unwritable: it cannot be made.
    """
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def append(path: Path, content: bytes) -> int:
    """Append to a file; what several processes append never mixes. Gives where it begins. Raises Unwritable."""
    with locked(path) as handle, writing(path):
        begins = os.lseek(handle, 0, os.SEEK_END)
        _write_all(handle, content)
    return begins


def append_line(path: Path, line: bytes) -> None:
    """Append one line. Raises Unwritable."""
    append(path, line + b"\n")


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
