"""A mistake to be made in one place of the code, and the tests that shall notice it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Stale(Exception):
    """The code has changed: the mutation fits nowhere, or in several places."""


@dataclass(frozen=True)
class Mutation:
    """`old` stands exactly once in `file`; `new` takes its place.

    `tests` are paths below `tests/`, separated by blanks: those of the everyday loop that are nearest.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str

    def applied(self, text: str) -> str:
        """The text with the mistake. Raises Stale."""
        found = text.count(self.old)
        if found != 1:
            raise Stale(f"{self.name}: {found} places in {self.file} read {self.old!r}, one is needed")
        return text.replace(self.old, self.new)

    @property
    def paths(self) -> list[str]:
        return [f"tests/{one}" for one in self.tests.split()]
