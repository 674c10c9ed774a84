"""Who passed: the subjects of each item that hold, so that a later run can tell *fixed* from *gone*.

One compressed file per item in `passing/`, one line per subject: its kind, name, namespace and the key that
survives a restart. Fingerprints are made of the same (`Subject.stable`). Nothing of it is in the journal.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.files import write_atomically, writing
from opsproof.model.finding import ItemResult
from opsproof.model.subject import Subject

FOLDER = "passing"
_LINES = 1000  # subjects that are encoded and compressed at a time
_GZIP = 31  # zlib's name for gzip's header around the largest window

Line = tuple[str, str, str, str]


class Passing:
    """The folder of one run. Of an item that is decided again the later subjects stand."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def keep(
        self, result: ItemResult, subjects: Iterable[Subject], redacted: Callable[[bytes], bytes]
    ) -> str:
        """Write down who passed; gives the file below the run's folder, empty when nobody did. Raises Unwritable."""
        lines = ((one.kind, one.name, one.namespace, one.key) for one in subjects)
        name = f"{FOLDER}/{_named(result)}.jsonl.gz"
        path = self.run / name
        if not result.passed:
            with writing(path):
                path.unlink(missing_ok=True)
            return ""
        write_atomically(path, _compressed(map(redacted, _encoded(lines))))
        return name

    def of(self, result: ItemResult) -> Iterator[Subject]:
        """The subjects that passed.

        Raises:
            FileNotFoundError: the run keeps none of this item.
            ValueError: what it keeps is damaged, or no plain file.
        """
        path = self.run / FOLDER / f"{_named(result)}.jsonl.gz"
        try:
            lines = msgspec.json.Decoder(Line).decode_lines(plain.unpacked(path))
        except (msgspec.MsgspecError, plain.NotPlain) as damage:
            raise ValueError(f"who passed ({path.name}) is damaged: {damage}") from None
        return (Subject(kind, name, namespace, key) for kind, name, namespace, key in lines)


def _named(result: ItemResult) -> str:
    parts = (result.system, result.environment, result.requirement, result.check)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _encoded(lines: Iterator[Line]) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    while some := list(islice(lines, _LINES)):
        yield encoder.encode_lines(some)


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(3, zlib.DEFLATED, _GZIP)
    for part in content:
        yield packer.compress(part)
    yield packer.flush()
