"""Dumps of PostgreSQL, as text and as archives, and gzip around them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import zlib

from opsproof.sources.files.remote.form import Form

_PIECE = 2**20  # bytes that are unpacked at a time
_HEAD = 4096
_TAIL = 1024
_HEADER = re.compile(rb"--\r?\n-- PostgreSQL database (cluster )?dump\r?\n")
_TRAILER = re.compile(rb"(?:^|\n)-- PostgreSQL database (cluster )?dump complete\r?\n")
# A cluster's dump has one of each database in it: what was begun has to be complete.
_DUMPS = (b"\n-- PostgreSQL database dump", b"\n-- PostgreSQL database cluster dump")
_COMPLETE = b" complete"
_TABLE = b"\nCREATE TABLE "
_DATA = (b"\nCOPY ", b"\nINSERT INTO ")  # pg_dump writes COPY for an empty table, too
# The newest archive (1.N) that each major version of pg_restore reads.
_ARCHIVES = {9: 12, 10: 13, 11: 13, 12: 14, 13: 14, 14: 14, 15: 14, 16: 15, 17: 16, 18: 16}


class Gzip:
    """Members of gzip, one after the other, each with its own checksum."""

    def __init__(self, inner: Form) -> None:
        self._inner = inner
        self._member = zlib.decompressobj(31)
        self._problem = ""
        self._over = False

    def feed(self, data: bytes) -> None:
        while data and not self._problem:
            if self._over:
                data = self._next_member(data)
                continue
            try:
                out = self._member.decompress(data, _PIECE)
            except zlib.error:
                self._problem = "damaged"
                return
            self._inner.feed(out)
            self._over = self._member.eof
            data = self._member.unused_data if self._over else self._member.unconsumed_tail

    def _next_member(self, data: bytes) -> bytes:
        data = data.lstrip(b"\0")  # tapes pad with zeros
        if data:
            self._member, self._over = zlib.decompressobj(31), False
            if not b"\x1f\x8b".startswith(data[:2]):
                self._problem = "followed by something else"
        return data

    def problem(self) -> str:
        return self._problem or ("" if self._over else "truncated")


class Sql(Form):
    """A plain dump: where it begins, where it ends, and how its lines do."""

    def __init__(self) -> None:
        super().__init__("sql")
        self._head = b""
        self._tail = b"\n"
        self._lines = self._returns = self._tables = self._data = 0
        self._named, self._complete = [0, 0], [0, 0]

    def feed(self, data: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += data[:_HEAD]
        self._lines += data.count(b"\n")
        self._returns += (self._tail[-1:] + data).count(b"\r\n")
        self._tables += self._counted(_TABLE, data)
        self._data += sum(self._counted(word, data) for word in _DATA)
        for kind, word in enumerate(_DUMPS):
            self._named[kind] += self._counted(word, data)
            self._complete[kind] += self._counted(word + _COMPLETE, data)
        self._tail = (self._tail + data)[-_TAIL:]

    def told(self) -> dict[str, object]:
        return {
            "header": bool(_HEADER.match(self._head)),
            "trailer": bool(_TRAILER.search(self._tail)) and self._all_complete,
            "lines": self._lines,
            "returns": self._returns,
            "tables": self._tables + self._data,
            "data": self._data,
        }

    @property
    def _all_complete(self) -> bool:
        """Whether each dump in it that was begun is complete."""
        return self._named == [2 * ended for ended in self._complete]  # the end names it, too

    def _counted(self, word: bytes, data: bytes) -> int:
        """How often it stands there, also across two pieces."""
        return (self._tail[-len(word) + 1 :] + data).count(word)


class Custom(Form):
    """An archive of pg_dump: its table of contents says nothing of the data, so pg_restore writes all of it as text."""

    def __init__(self, head: bytes) -> None:
        super().__init__("custom")
        self._archive = head[6] if len(head) > 6 else 0
        self._program = shutil.which("pg_restore")
        self._process: subprocess.Popen[bytes] | None = None
        self._text = Sql()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._broken = False
        major = self._major() if self._program else 0
        if self._program and self._archive <= _ARCHIVES.get(major, 255 if major > max(_ARCHIVES) else 0):
            self._process = subprocess.Popen(
                [self._program, *(["-f", "-"] if major >= 12 else [])],  # as before 12 without -f
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            )
            self._reading.start()

    def _read(self) -> None:
        """Of what it writes only what is counted is kept."""
        assert self._process is not None and self._process.stdout is not None
        with self._process.stdout as text:
            while piece := text.read(_HEAD * 16):
                self._text.feed(piece)

    def _major(self) -> int:
        said = subprocess.run(
            [str(self._program), "--version"], capture_output=True, text=True, check=False, timeout=20
        ).stdout
        found = re.search(r" (\d+)", said)
        return int(found[1]) if found else 0

    def feed(self, data: bytes) -> None:
        if self._process is None or self._process.stdin is None or self._broken:
            return
        try:
            self._process.stdin.write(data)
        except BrokenPipeError:
            self._broken = True  # it has seen enough

    def told(self) -> dict[str, object]:
        if self._process is None:
            return {"unread": "pg_restore is too old" if self._program else "pg_restore is missing"}
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            self._broken = True
        restored = self._process.wait() == 0
        self._reading.join()
        counted = self._text.told()
        return {"restored": restored, "tables": counted["tables"], "data": counted["data"]}

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._reading.join()
            if self._process.stdin is not None:
                try:
                    self._process.stdin.close()
                except BrokenPipeError:
                    pass
