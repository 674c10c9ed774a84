"""A dump's SQL given to psql, as a person would; its first error ends it."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain

from opsproof.drill.dumps import CUSTOM, Unreadable
from opsproof.drill.guard import guarded

# `psql:<stdin>:12: ERROR:  23505`; the word is in the server's language.
_ERROR = re.compile(rb"^psql:[^\n]*: [^\s:]{1,40}:\s+(?!00000)([0-9A-Z]{5})$", re.MULTILINE)
_COMMAND = re.compile(rb"backslash commands are restricted")
_OLD = re.compile(rb"invalid command \\restrict")
_KEPT = 65536  # bytes of what psql says
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "dbname": "PGDATABASE",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "require_auth": "PGREQUIREAUTH",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
}
_MEANS = {
    "42704": "something that the dump refers to does not exist, such as the role that owns a table",
    "42501": "the role may not do what the dump asks for, such as giving a table to another role",
    "53100": "the disk is full",
    "54000": "a limit of the server is exceeded",
    "57014": "it was cancelled",
    "57P01": "the session was ended by the server",
    "42P07": "it makes a thing that is there already",
    "42P01": "a table that the dump refers to does not exist",
    "23505": "two rows have the same key",
    "0A000": "the server does not know something that the dump uses",
}


class NotRestored(Exception):
    """It was not loaded whole. `message` is ours; `sqlstate` the first error's, where the server gave one."""

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Client:
    """PostgreSQL's own programs, for a database."""

    parameters: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own["LC_MESSAGES"] = "C"
        given = {name: value for name, value in self.parameters.items() if value and name in _VARIABLES}
        return {**own, **{_VARIABLES[name]: value for name, value in given.items()}}

    def load(self, parts: Iterable[bytes], deadline: float) -> None:
        """Give the dump to psql, until `deadline` of the monotonic clock.

        Raises:
            NotRestored: an error, or no end in time.
            Unreadable: the dump is damaged.
        """
        first, parts = _peeked(parts)
        if first.startswith(CUSTOM):
            with self._unpacked(parts, deadline) as plain:
                self._psql(guarded(plain), deadline)
        else:
            self._psql(guarded(parts), deadline)

    def _psql(self, lines: Iterable[bytes], deadline: float) -> None:
        words = [
            "psql",
            "-X",
            "-q",
            "-o",
            os.devnull,
            "-v",
            "ON_ERROR_STOP=1",
            "-v",
            "VERBOSITY=sqlstate",
            "-f",
            "-",
        ]
        with self._started(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            said = _Kept(process)
            with _ended_at(process, deadline) as late:
                _fed(process, lines)
                status = process.wait()
            said.join()
        if late.is_set():
            raise NotRestored("it was not loaded in the time that a drill may take")
        if status:
            raise _error(bytes(said.kept))

    @contextmanager
    def _unpacked(self, parts: Iterable[bytes], deadline: float) -> Iterator[Iterator[bytes]]:
        """A custom dump as SQL, by pg_restore."""
        words = ["pg_restore", "-f", "-"]
        with self._started(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            feeder = _Feeder(process, parts)
            try:
                with _ended_at(process, deadline):
                    yield feeder.out()
            finally:
                process.kill()
                feeder.join()

    @contextmanager
    def _started(self, words: list[str], *, stdout: int, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
        """Ended, whatever happens, and its pipes closed."""
        try:
            process = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr,
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            raise NotRestored(f"{words[0]} cannot be started: install PostgreSQL's client programs") from None
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def _peeked(parts: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    every = iter(parts)
    first = next(every, b"")
    return first, chain([first], every)


def _fed(process: subprocess.Popen[bytes], lines: Iterable[bytes]) -> None:
    """Until all is read, or the program has ended and reads no more: its status tells why."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        for line in lines:
            process.stdin.write(line)
        process.stdin.close()


@contextmanager
def _ended_at(process: subprocess.Popen[bytes], deadline: float) -> Iterator[threading.Event]:
    """Kill it at the deadline; the event says whether that was so."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


class _Kept(threading.Thread):
    """The last of what a program says of its errors, where its end is told; the rest is read and forgotten."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        assert process.stderr is not None
        self._pipe = process.stderr
        self.kept = bytearray()
        self.start()

    def run(self) -> None:
        while part := self._pipe.read1(_KEPT):  # type: ignore[attr-defined]
            self.kept += part
            del self.kept[:-_KEPT]


class _Feeder(threading.Thread):
    """Gives a program its input while another reads what it makes of it."""

    def __init__(self, process: subprocess.Popen[bytes], parts: Iterable[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._parts = parts
        self._damage: Unreadable | None = None
        self.start()

    def run(self) -> None:
        try:
            _fed(self._process, self._parts)
        except Unreadable as damage:
            self._damage = damage
            self._process.kill()

    def out(self) -> Iterator[bytes]:
        """What it makes of it. Raises Unreadable: the dump is damaged, or it cannot be read to its end."""
        assert self._process.stdout is not None
        while part := self._process.stdout.read(1 << 20):
            yield part
        status = self._process.wait()
        self.join()
        if self._damage is not None:
            raise self._damage
        if status:
            raise Unreadable("pg_restore cannot read it to its end")


def _error(said: bytes) -> NotRestored:
    found = _ERROR.search(said)
    if found:
        code = found[1].decode()
        return NotRestored(_MEANS.get(code, "the server refused a statement of the dump"), code)
    if _COMMAND.search(said):
        return NotRestored("the dump holds a command to psql, which it must not: no dump of pg_dump does")
    if _OLD.search(said):
        return NotRestored(
            "this psql cannot be told to refuse a dump's commands: update PostgreSQL's client programs"
            " (13.22, 14.19, 15.14, 16.10, 17.6 or newer)"
        )
    return NotRestored("psql ended before the dump did")
