"""Facts on their way to disk and back: in parts of a line each, so that no copy of all of them fills the memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, get_origin

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.decoding import decode

PART = 500  # items of a list that are encoded, written and read at a time
BEFORE = b'{"facts":'
_FIRST, _BETWEEN = BEFORE + b"[", b",\n"  # no other line ends in JSON as we write it
_GZIP = 31  # zlib's name for gzip's header around the largest window


class Packer:
    """A gzip file in the making."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(3, zlib.DEFLATED, _GZIP)
        self._packed: list[bytes] = []

    def add(self, content: bytes | memoryview) -> None:
        if packed := self._packer.compress(content):
            self._packed.append(packed)

    def whole(self) -> list[bytes]:
        """The file, in parts. Nothing may be added any more."""
        return [*self._packed, self._packer.flush()]


class Kept:
    """The facts of one ask: `packed`, and `facts` as reading that back gives them.

    They are read back at once, a part at a time; where an ask's facts are `exact`, only parts that were changed
    before they were kept. `misfit` says that they cannot be read as what answers the ask.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.facts: Any = None
        self.misfit = False
        self._packer = Packer()
        self._end: bytes | memoryview = b""  # what closes the list, unless another part comes

    def add(self, part: Any, encoded: bytes, kept: bytes) -> None:
        """One of the `parts`.

        Args:
            part: facts.
            encoded: their JSON.
            kept: what of it may be kept.
        """
        text = memoryview(kept)
        self._packer.add(_BETWEEN if self._end else BEFORE)
        self._packer.add(text[1:-1] if self._end else text[:-1])
        more, self._end = bool(self._end), text[-1:]
        if not (self.ask.exact and kept == encoded):
            part = self._read(kept)
        if more and not self.misfit:
            self.facts += part
        else:
            self.facts = part

    def _read(self, kept: bytes) -> Any:
        try:
            return decode(kept, self.ask.answer)
        except msgspec.MsgspecError:
            self.misfit = True
            return None

    def packed(self, rest: bytes) -> list[bytes]:
        """The file: the facts, and the rest of the document that they are in."""
        self._packer.add(self._end)
        self._packer.add(rest)
        return self._packer.whole()


def parts(facts: Any) -> Iterator[Any]:
    """Facts as they are kept: a long list as several. Takes its items away, so that they are not there twice."""
    while isinstance(facts, list) and len(facts) > PART:
        part = facts[:PART]
        del facts[:PART]
        yield part
    yield facts


class NotInParts(ValueError):
    """Several lines that are not what `Kept` writes: to be read as a whole."""


def read_in_parts(pieces: Iterable[bytes], form: Any) -> tuple[list[Any], bytes]:
    """What was read of a list part by part, and the document with what is left of it: of one part, all of it.

    Raises:
        NotInParts, msgspec.MsgspecError: read it as a whole, which says what is wrong with it.
    """
    lines = _lines(pieces)
    left = next(lines)
    found: list[Any] = []
    for line in lines:
        if get_origin(form) is not list or not (left.startswith(_FIRST) and left.endswith(b",")):
            raise NotInParts
        found += decode(b"[%b]" % left[len(_FIRST) : -1], form)
        left = _FIRST + line
    return found, left


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    for piece in pieces:
        *ends, last = piece.split(b"\n")
        for end in ends:
            yield b"".join((*held, end))
            held.clear()
        held.append(last)
    yield b"".join(held)
