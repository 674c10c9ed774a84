"""Reads a backup to its end and tells of it without showing it: counts, digests, key ids, names of objects.

A program for Python's own library alone, since it runs on the host where the backups lie, too:

    python3 -I -c '<this file>' list FOLDER REGEX MOST
    python3 -I -c '<this file>' read FOLDER REGEX WHICH MOST
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator

CHUNK = 256 * 1024
_PIECE = 2**20  # bytes that are unpacked at a time
_HEAD = 4096
_TAIL = 1024
_TEXT = 16 * 2**20  # bytes of a manifest that are parsed
_NAMES = 20_000
_HEADER = re.compile(rb"--\r?\n-- PostgreSQL database (cluster )?dump\r?\n")
_TRAILER = re.compile(rb"(?:^|\n)-- PostgreSQL database (cluster )?dump complete\r?\n")
_TABLES = (b"\nCREATE TABLE ", b"\nCOPY ", b"\nINSERT INTO ")
_ARMOR = b"-----BEGIN PGP MESSAGE-----"
_AGE = (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----")
# The newest archive (1.N) that each major version of pg_restore reads.
_ARCHIVES = {9: 12, 10: 13, 11: 13, 12: 14, 13: 14, 14: 14, 15: 14, 16: 15, 17: 16, 18: 16}
_UNITS = "YmdHMS"


class Reader:
    """Is fed what was stored, piece by piece; `told()` ends it."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._size = 0
        self._first = b""
        self._begun = False
        self._gzip: _Gzip | None = None
        self._inner = _Inner()

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        self._digest.update(data)
        if not self._begun:
            data = self._first = self._first + data
            if len(data) < 2:
                return
            self._begun = True
            self._gzip = _Gzip(self._inner) if data[:2] == b"\x1f\x8b" else None
        (self._gzip or self._inner).feed(data)

    def told(self) -> dict[str, object]:
        if not self._begun:
            self._inner.feed(self._first)
        return {
            "size": self._size,
            "sha256": self._digest.hexdigest(),
            "packing": "gzip" if self._gzip else "",
            "problem": self._gzip.problem() if self._gzip else "",
            **self._inner.told(),
        }

    def close(self) -> None:
        """End what was started for it."""
        self._inner.close()


class _Gzip:
    """Members of gzip, one after the other, each with its own checksum."""

    def __init__(self, inner: _Inner) -> None:
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


class _Inner:
    """What is stored, unpacked: of which form it is, and what that form says of its end."""

    def __init__(self) -> None:
        self._buffer = b""
        self._form: _Other | None = None
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._form is None:
            self._buffer += data
            if len(self._buffer) < _HEAD:
                return
            self._decide()
            return
        self._form.feed(data)

    def _decide(self) -> None:
        head, self._buffer = self._buffer, b""
        self._form = _form_of(head)
        self._form.feed(head)

    def told(self) -> dict[str, object]:
        if self._form is None:
            self._decide()
        assert self._form is not None
        form = "empty" if not self._size else self._form.name
        return {"unpacked": self._size, "form": form, **self._form.told()}

    def close(self) -> None:
        if self._form is not None:
            self._form.close()


def _form_of(head: bytes) -> _Other:
    if head.startswith(b"PGDMP"):
        return _Custom(head)
    armored = head.lstrip().startswith(_ARMOR)
    if armored or _tag(head) in {1, 3, 9, 18, 20}:
        return _Pgp(armored=armored)
    if head.startswith(_AGE):
        return _Other("age")
    if re.search(rb"-- PostgreSQL database (cluster )?dump\b", head):
        return _Sql()
    return _Manifest() if _is_text(head) else _Other()


def _is_text(head: bytes) -> bool:
    try:
        head[: max(1, len(head) - 4)].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 8  # a letter that the piece cuts
    return b"\0" not in head


def _tag(head: bytes) -> int:
    """The tag of the OpenPGP packet that begins there; -1: none does."""
    if not head or not head[0] & 0x80:
        return -1
    return head[0] & 0x3F if head[0] & 0x40 else (head[0] >> 2) & 0x0F


class _Other:
    """A form of which nothing more is known."""

    def __init__(self, name: str = "other") -> None:
        self.name = name

    def feed(self, data: bytes) -> None:
        """Nothing is looked for."""

    def told(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        """Nothing was started."""


class _Sql(_Other):
    """A plain dump: where it begins, where it ends, and how its lines do."""

    def __init__(self) -> None:
        super().__init__("sql")
        self._head = b""
        self._tail = b"\n"
        self._lines = self._returns = self._tables = 0

    def feed(self, data: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += data[:_HEAD]
        self._lines += data.count(b"\n")
        self._returns += (self._tail[-1:] + data).count(b"\r\n")
        for word in _TABLES:
            self._tables += (self._tail[-len(word) + 1 :] + data).count(word)
        self._tail = (self._tail + data)[-_TAIL:]

    def told(self) -> dict[str, object]:
        return {
            "header": bool(_HEADER.match(self._head)),
            "trailer": bool(_TRAILER.search(self._tail)),
            "lines": self._lines,
            "returns": self._returns,
            "tables": self._tables,
        }


class _Custom(_Other):
    """An archive of pg_dump: its table of contents says nothing of the data, so pg_restore reads all of it."""

    def __init__(self, head: bytes) -> None:
        super().__init__("custom")
        self._archive = head[6] if len(head) > 6 else 0
        self._program = shutil.which("pg_restore")
        self._process: subprocess.Popen[bytes] | None = None
        self._broken = False
        if self._program and self._archive <= self._known():
            self._process = subprocess.Popen(
                [self._program, "-f", "/dev/null"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            )

    def _known(self) -> int:
        said = subprocess.run(
            [str(self._program), "--version"], capture_output=True, text=True, check=False, timeout=20
        ).stdout
        found = re.search(r" (\d+)", said)
        major = int(found[1]) if found else 0
        return _ARCHIVES.get(major, 255 if major > max(_ARCHIVES) else 0)

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
        return {"restored": self._process.wait() == 0}

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                try:
                    self._process.stdin.close()
                except BrokenPipeError:
                    pass


class _Pgp(_Other):
    """An OpenPGP message: to whom it is encrypted, and whether its packets reach their end."""

    def __init__(self, armored: bool) -> None:
        super().__init__("pgp")
        self._armor = _Armor() if armored else None
        self._buffer = b""
        self._left = 0  # bytes of the packet that are to come
        self._partial = False  # and another piece of it follows
        self._encrypted = self._wrong = self._endless = False
        self._keys: list[str] = []
        self._passwords = 0

    def feed(self, data: bytes) -> None:
        if self._armor is not None:
            data = self._armor.decoded(data)
        self._buffer += data
        while self._buffer and not self._wrong and self._step():
            pass

    def _step(self) -> bool:
        """One packet, or as much of it as there is; False: more bytes are needed."""
        if self._left or self._endless:
            take = len(self._buffer) if self._endless else min(self._left, len(self._buffer))
            self._buffer = self._buffer[take:]
            self._left -= 0 if self._endless else take
            return True
        if self._partial:
            length = self._new_length(self._buffer)
            return False if length is None else self._enter(*length)
        tag = _tag(self._buffer)
        if tag < 0:
            self._wrong = True
            return False
        new = bool(self._buffer[0] & 0x40)
        length = self._new_length(self._buffer[1:]) if new else self._old_length()
        if length is None:
            return False
        used, size, partial = length
        used += 1 if new else 0
        if tag in {9, 18, 20}:
            self._encrypted = True
            return self._enter(used, size, partial)
        if tag not in {1, 3, 10} or partial or size > 65536:
            self._wrong = True
            return False
        if len(self._buffer) < used + size:
            return False
        self._key(tag, self._buffer[used : used + size])
        self._buffer = self._buffer[used + size :]
        return True

    def _enter(self, used: int, size: int, partial: bool) -> bool:
        self._buffer = self._buffer[used:]
        self._endless = size < 0
        self._left, self._partial = max(0, size), partial
        return True

    @staticmethod
    def _new_length(data: bytes) -> tuple[int, int, bool] | None:
        """Bytes that tell it, the length, and whether it is one of a part."""
        if not data:
            return None
        first = data[0]
        if first < 192:
            return 1, first, False
        if first < 224:
            return (2, ((first - 192) << 8) + data[1] + 192, False) if len(data) > 1 else None
        if first < 255:
            return 1, 1 << (first & 0x1F), True
        return (5, int.from_bytes(data[1:5], "big"), False) if len(data) > 4 else None

    def _old_length(self) -> tuple[int, int, bool] | None:
        """As of 1991; 3: until the end of the file. The bytes count the tag, too."""
        kind = self._buffer[0] & 0x03
        if kind == 3:
            return 1, -1, False
        size = 1 << kind
        if len(self._buffer) < 1 + size:
            return None
        return 1 + size, int.from_bytes(self._buffer[1 : 1 + size], "big"), False

    def _key(self, tag: int, body: bytes) -> None:
        if tag == 3:
            self._passwords += 1
        elif tag == 1 and body[:1] == b"\x03" and len(body) > 9:
            self._keys.append(body[1:9].hex().upper())
        elif tag == 1 and body[:1] == b"\x06" and len(body) > 2:
            # Version 6 has the fingerprint with its version before it; of 6 the first bytes are the id, of 4 the last.
            print_ = body[3 : 2 + body[1]]
            self._keys.append((print_[:8] if body[2:3] == b"\x06" else print_[-8:]).hex().upper())
        elif tag == 1:
            self._wrong = True

    def told(self) -> dict[str, object]:
        ended = not (self._left or self._partial or self._buffer)
        whole = self._encrypted and ended and not self._wrong
        if self._armor is not None:
            whole = whole and self._armor.ended
        return {"recipients": self._keys[:100], "passwords": self._passwords, "whole": whole}


class _Armor:
    """ASCII armor, line by line."""

    def __init__(self) -> None:
        self._line = b""
        self._text = b""
        self._body = self.ended = False

    def decoded(self, data: bytes) -> bytes:
        lines = (self._line + data).split(b"\n")
        self._line = lines.pop()[-_HEAD:]
        for line in lines:
            self._take(line.strip())
        if self._line.strip().startswith(b"-----END PGP MESSAGE-----"):
            self._take(self._line.strip())
        whole = len(self._text) - len(self._text) % 4
        text, self._text = self._text[:whole], self._text[whole:]
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            self.ended = False
            return b""

    def _take(self, line: bytes) -> None:
        if line.startswith(b"-----END"):
            self.ended, self._body = self.ended or self._body, False
        elif self._body and not line.startswith(b"="):
            self._text += line
        elif not line and not self.ended:
            self._body = True


class _Manifest(_Other):
    """Objects of Kubernetes in YAML or JSON: kinds, names, and whether data of Secrets can be read in it."""

    def __init__(self) -> None:
        super().__init__("manifest")
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= _TEXT:
            self._parts.append(data)

    def told(self) -> dict[str, object]:
        if self._size > _TEXT:
            return {"unread": "too large to parse"}
        try:
            import yaml
        except ImportError:
            return {"unread": "python3-yaml is missing"}
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = _Objects()
        try:
            text = b"".join(self._parts).decode("utf-8-sig")
            for event in yaml.parse(text, Loader=loader):
                found.take(type(event).__name__, event)
        except (yaml.YAMLError, ValueError, RecursionError):
            # What was read so far counts: a Secret before the place that cannot be read is one.
            found.broken_off()
            return {**found.told(), "damaged": True}
        return found.told()


class _Frame:
    """A mapping or a list that is being read."""

    def __init__(self, mapping: bool) -> None:
        self.mapping = mapping
        self.key: str | None = None
        self.texts: dict[str, str] = {}
        self.meta: dict[str, str] = {}
        self.filled: set[str] = set()


class _Objects:
    """Follows a document's events: whatever has a kind and a name is an object, at any depth."""

    _KEPT = frozenset({"kind", "apiVersion", "name", "namespace"})

    def __init__(self) -> None:
        self._stack: list[_Frame] = []
        self._anchors: dict[str, str] = {}
        self._kinds: dict[str, int] = {}
        self._names: list[str] = []
        self._secrets = 0

    def take(self, kind: str, event: object) -> None:
        if kind in {"MappingStartEvent", "SequenceStartEvent"}:
            self._stack.append(_Frame(kind == "MappingStartEvent"))
        elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
            self._ended(self._stack.pop())
        elif kind == "ScalarEvent":
            anchor, value = getattr(event, "anchor", None), getattr(event, "value", "")
            plain = getattr(event, "style", None) in {None, ""}
            value = "" if plain and value.lower() in {"~", "null"} else value
            if anchor:
                self._anchors[anchor] = value[:500]
            self._scalar(value)
        elif kind == "AliasEvent":
            self._scalar(self._anchors.get(getattr(event, "anchor", ""), "*"))

    def _scalar(self, value: str) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.mapping and top.key is None:
            top.key = value[:500]
            return
        for frame in self._stack[-2:] if value else ():
            if frame.key is not None:
                frame.filled.add(frame.key)
        if top is not None and top.mapping and top.key is not None:
            if top.key in self._KEPT:
                top.texts[top.key] = value[:500]
            top.key = None

    def broken_off(self) -> None:
        """What is still open ends here."""
        while self._stack:
            self._ended(self._stack.pop())

    def _ended(self, frame: _Frame) -> None:
        above = self._stack[-1] if self._stack else None
        if (
            frame.mapping
            and frame.texts.get("kind")
            and frame.texts.get("apiVersion")
            and frame.meta.get("name")
        ):
            self._object(frame)
        if above is None or not above.mapping:
            return
        if above.key == "metadata":
            above.meta = frame.texts
        if above.key is None:
            above.key = "?"  # a mapping in the place of a key
        else:
            above.key = None

    def _object(self, frame: _Frame) -> None:
        kind = frame.texts["kind"]
        if len(self._kinds) < 500 or kind in self._kinds:
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        if kind == "Secret" and frame.filled & {"data", "stringData"}:
            self._secrets += 1
        if kind in {"ConfigMap", "Secret"} and len(self._names) < _NAMES:
            self._names.append("/".join((kind, frame.meta.get("namespace", ""), frame.meta["name"])))

    def told(self) -> dict[str, object]:
        return {"kinds": self._kinds, "names": self._names, "secrets": self._secrets}


# -- files ---------------------------------------------------------------------------------------------


def _files(folder: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, os.stat_result, bool]]:
    """Every regular file below a folder by its path there, and whether it fits. Links are not followed."""
    for root, folders, names in os.walk(folder, onerror=_refused):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            found = os.lstat(path)
            if stat.S_ISREG(found.st_mode):
                inside = os.path.relpath(path, folder)
                yield inside, found, bool(pattern.match(inside))


def _refused(error: OSError) -> None:
    raise error


def listed(folder: str, pattern: str, most: int) -> dict[str, object]:
    compiled, found, others, instead = re.compile(pattern, re.S), [], 0, []
    for name, info, fits in _files(folder, compiled):
        if fits:
            found.append((name, info.st_size, info.st_mtime))
        else:
            others += 1
            place = name.split("/")[0] + ("/" if "/" in name else "")
            if place not in instead and len(instead) < 8:
                instead.append(place)
        if len(found) > most:
            return {"more": True}
    return {"stored": found, "others": others, "instead": instead}


def chosen(folder: str, pattern: str, which: str) -> str | None:
    """The newest or oldest file by the date in its name and, of those alike, by its time."""
    compiled = re.compile(pattern, re.S)
    found = []
    for name, info, fits in _files(folder, compiled):
        match = compiled.match(name)
        if fits and match is not None:
            groups = match.groupdict()
            found.append((tuple(int(groups.get(unit) or 0) for unit in _UNITS), info.st_mtime, name))
    if not found:
        return None
    return (min if which == "oldest" else max)(found)[2]


def read(folder: str, pattern: str, which: str, most: int) -> dict[str, object]:
    name = chosen(folder, pattern, which)
    if name is None:
        return {"name": ""}
    path = os.path.join(folder, name)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(file.fileno())
        about = {"name": name, "stored": before.st_size, "modified": before.st_mtime}
        if before.st_size > most:
            return {**about, "unread": "larger than is read"}
        reader = Reader()
        try:
            while data := file.read(CHUNK):
                reader.feed(data)
            after = os.fstat(file.fileno())
            changed = (after.st_size, after.st_mtime) != (before.st_size, before.st_mtime)
            return {**reader.told(), **about, "changed": changed}
        finally:
            reader.close()


def main(words: list[str]) -> int:
    """2: the folder is not there; 3: it, or a file in it, may not be read."""
    try:
        done = (
            listed(words[1], words[2], int(words[3]))
            if words[0] == "list"
            else read(words[1], words[2], words[3], int(words[4]))
        )
    except (FileNotFoundError, NotADirectoryError):
        return 2
    except PermissionError:
        return 3
    print(json.dumps({**done, "now": time.time()}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
