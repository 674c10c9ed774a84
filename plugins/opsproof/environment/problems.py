"""What is wrong in a file: one line each, with its position and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import msgspec

from opsproof.model.requirement import Position


class Problem(msgspec.Struct, frozen=True, order=True):
    """`file:line:column: message; hint`. Ordered by place."""

    file: Path
    line: int
    column: int
    message: str
    hint: str = ""

    @classmethod
    def at(cls, position: Position, message: str, hint: str = "") -> Problem:
        return cls(position.file, position.line, position.column, message, hint)

    def __str__(self) -> str:
        text = f"{shown(self.file)}:{self.line}:{self.column}: {self.message}"
        return " ".join((f"{text}; {self.hint}" if self.hint else text).split())


def shown(file: Path) -> str:
    """The path as people see it: relative to the current folder when it lies below it."""
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)


def place(position: Position) -> str:
    return f"{shown(position.file)}:{position.line}:{position.column}"


def choices(word: str, allowed: Iterable[str]) -> str:
    """The hint for a word that is not one of `allowed`: the nearest spelling, then all (the first 20)."""
    words = sorted(allowed)
    if not words:
        return "none is declared"
    listed = ", ".join(words[:20]) + (f" and {len(words) - 20} more" if len(words) > 20 else "")
    near = get_close_matches(word, words, n=1, cutoff=0.6) or [
        one for one in words if one.lower() == word.lower()
    ]
    return f"did you mean {near[0]!r}? allowed: {listed}" if near else f"allowed: {listed}"


def unknown(position: Position, what: str, word: str, allowed: Iterable[str]) -> Problem:
    """`unknown key 'limts'; did you mean 'limits'? allowed: ...`"""
    return Problem.at(position, f"unknown {what} {short(word)}", choices(word, allowed))


def short(word: object) -> str:
    text = repr(word)
    return text if len(text) <= 60 else text[:56] + "...'"
