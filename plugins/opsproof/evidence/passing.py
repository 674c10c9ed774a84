"""Who passed: the subjects of each item that hold, so that a later run can tell *fixed* from *gone*.

One file of the run, `passing.jsonl.gz`: for each item a gzip file of its own, one behind the other, which the usual
programs read as one. Its first line names the item, each other one a subject: its kind, name, namespace and the key that
survives a restart. Fingerprints are made of the same (`Subject.stable`). Nothing of it is in the journal.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from errno import ENOENT
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.files import append
from opsproof.model.finding import ItemResult
from opsproof.model.subject import Subject

NAME = "passing.jsonl.gz"
_LINES = 1000  # subjects that are encoded and compressed at a time
_GZIP = 31  # zlib's name for gzip's header around the largest window

Line = tuple[str, str, str, str]


class Heading(msgspec.Struct, frozen=True):
    """Whose subjects follow."""

    system: str
    environment: str
    requirement: str
    check: str

    @classmethod
    def of(cls, result: ItemResult) -> Heading:
        return cls(result.system, result.environment, result.requirement, result.check)


class Passing:
    """The file of one run. Of an item that is decided again the later subjects stand."""

    def __init__(self, run: Path) -> None:
        self.path = run / NAME

    def keep(
        self, result: ItemResult, subjects: Iterable[Subject], redacted: Callable[[bytes], bytes]
    ) -> None:
        """Write down who passed, if anybody did. Raises Unwritable."""
        if not result.passed:
            return
        heading = msgspec.json.encode(Heading.of(result)) + b"\n"
        lines = ((one.kind, one.name, one.namespace, one.key) for one in subjects)
        append(self.path, b"".join(_compressed(map(redacted, chain([heading], _encoded(lines))))))

    def of(self, result: ItemResult) -> Iterator[Subject]:
        """The subjects that passed.

        Raises:
            FileNotFoundError: the run does not keep who they were.
            ValueError: what it keeps of the item is damaged, or no plain file.
        """
        if not result.passed:
            return iter(())
        try:
            begins = self._places.get(Heading.of(result))
            if begins is None:
                raise FileNotFoundError(ENOENT, "nobody wrote down who passed", str(self.path))
            content = plain.unpacked_at(self.path, begins)[0].partition(b"\n")[2]
            lines = msgspec.json.Decoder(Line).decode_lines(content)
        except (msgspec.MsgspecError, plain.NotPlain) as damage:
            raise ValueError(f"who passed ({self.path.name}) is damaged: {damage}") from None
        return (Subject(kind, name, namespace, key) for kind, name, namespace, key in lines)

    @cached_property
    def _places(self) -> dict[Heading, int]:
        """Where each item's begins; the later one's, where there are several."""
        decoder = msgspec.json.Decoder(Heading)
        return {decoder.decode(text.partition(b"\n")[0]): begins for begins, text in plain.members(self.path)}


def _encoded(lines: Iterator[Line]) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    while some := list(islice(lines, _LINES)):
        yield encoder.encode_lines(some)


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(3, zlib.DEFLATED, _GZIP)
    for part in content:
        yield packer.compress(part)
    yield packer.flush()
