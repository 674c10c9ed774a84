"""Whether the lines that rows name are lines of the runbook's document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from opsproof.environment.problems import Problem
from opsproof.environment.yaml import LARGEST_FILE
from opsproof.model.requirement import Position

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class Cited(msgspec.Struct, frozen=True):
    """A place that names lines (`63-70, 90`), and what names them."""

    what: str
    lines: str
    position: Position


def document_lines(source: str, folders: Iterable[Path], declared: int | None) -> int | None:
    """How many lines the document has: counted where it is there, else as declared. None: nobody knows."""
    for folder in folders:
        file = folder / source
        if source and "://" not in source and file.is_file() and file.stat().st_size <= LARGEST_FILE:
            return len(file.read_bytes().splitlines())
    return declared


def beyond(cited: Iterable[Cited], last: int | None) -> Iterator[Problem]:
    """What names lines that cannot be."""
    for one in cited:
        for begins, ends in _RANGE.findall(one.lines):
            first, final = int(begins), int(ends or begins)
            if first < 1 or final < first:
                wrong = f"{one.what}: {begins}{ends and '-'}{ends} are no lines"
                yield Problem.at(one.position, wrong, "lines count from 1, the smaller number first")
            elif last is not None and final > last:
                yield Problem.at(one.position, f"{one.what}: line {final} of a runbook of {last} lines")
