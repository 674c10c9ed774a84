"""All that a run keeps and says of one ask, to look for what was planted where nobody may take it from."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.target import Target
from opsproof.testing.runs import answered

MARK = "planted-8Qz7-content"
_RUNS = count()


def kept(folder: Path, target: Target, ask: Ask) -> tuple[Answer[object], dict[str, bytes]]:
    """The answer, and everything that was kept of it by the name of its file, messages included."""
    where = folder / f"run{next(_RUNS)}"
    answer = answered(where, target, ask)
    found = {path.name: _content(path) for path in where.rglob("*") if path.is_file()}
    assert "requests.jsonl" in found, "nothing was asked"
    return answer, {**found, "what is said": f"{answer.failure!r} {answer.facts!r}".encode()}


def leaks(
    folder: Path, target: Target, asks: Iterable[Ask], marks: Iterable[str] = (MARK,), *, fails: bool = False
) -> list[str]:
    """Where any of the marks is found, of all asks: each of which has facts, or each a failure."""
    found = []
    for ask in asks:
        answer, content = kept(folder, target, ask)
        assert fails is (answer.failure is not None), answer
        found += [
            f"{mark} in {name} of {type(ask).__name__}"
            for name, data in content.items()
            for mark in marks
            if mark.encode() in data
        ]
    return found


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
