"""Reads a backup to its end and tells of it without showing it: counts, digests, key ids, names of objects."""

from __future__ import annotations

import hashlib
import re

from opsproof.sources.files.remote.dump import Custom, Gzip, Sql
from opsproof.sources.files.remote.form import Form
from opsproof.sources.files.remote.manifest import Manifest
from opsproof.sources.files.remote.pgp import Pgp, tag_of

_FIRST = 4096  # bytes that tell the form
_ARMOR = b"-----BEGIN PGP MESSAGE-----"
_AGE = (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----")


class Reader:
    """Is fed what was stored, piece by piece; `told()` ends it."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._size = 0
        self._first = b""
        self._begun = False
        self._gzip: Gzip | None = None
        self._inner = _Inner()

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        self._digest.update(data)
        if not self._begun:
            data = self._first = self._first + data
            if len(data) < 2:
                return
            self._begun = True
            self._gzip = Gzip(self._inner) if data[:2] == b"\x1f\x8b" else None
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


class _Inner(Form):
    """What is stored, unpacked: of which form it is, and what that form says of its end."""

    def __init__(self) -> None:
        self._buffer = b""
        self._form: Form | None = None
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._form is None:
            self._buffer += data
            if len(self._buffer) < _FIRST:
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


def _form_of(head: bytes) -> Form:
    if head.startswith(b"PGDMP"):
        return Custom(head)
    armored = head.lstrip().startswith(_ARMOR)
    if armored or tag_of(head) in {1, 3, 9, 18, 20}:
        return Pgp(armored=armored)
    if head.startswith(_AGE):
        return Form("age")
    if re.search(rb"-- PostgreSQL database (cluster )?dump\b", head):
        return Sql()
    return Manifest() if _is_text(head) else Form()


def _is_text(head: bytes) -> bool:
    try:
        head[: max(1, len(head) - 4)].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 8  # a letter that the piece cuts
    return b"\0" not in head
