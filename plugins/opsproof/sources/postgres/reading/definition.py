"""An index as a runbook names it: `idx_users_active ON users (is_active) WHERE is_active = true`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opsproof.model.failure import Undecided
from opsproof.sources.postgres.indexes import Index

_FORM = re.compile(
    r"(?P<name>[^\s()]+)(?:\s+ON\s+(?P<table>[^\s()]+)\s*\((?P<columns>.+?)\)(?:\s+WHERE\s+(?P<predicate>.+))?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Definition:
    """A name, and what else is said of it: the table, the columns in their order, the predicate."""

    name: str
    table: str = ""
    columns: str = ""
    predicate: str = ""

    @classmethod
    def parse(cls, text: str) -> Definition:
        """Raises ValueError: not of that form."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no index; write NAME, or NAME ON TABLE (COLUMNS) WHERE PREDICATE")
        return cls(**{name: value or "" for name, value in found.groupdict().items()})

    def departures(self, index: Index) -> list[str]:
        """What the index has otherwise than is said. Raises Undecided: it cannot be told now."""
        if not self.table:
            return []
        if index.predicate is None:
            raise Undecided("somebody holds its table exclusively: its definition cannot be told now")
        table = index.table if "." not in self.table else f"{index.schema}.{index.table}"
        columns = ", ".join(index.columns)
        return [
            f"{what} {found or 'none'}; needed {wanted or 'none'}"
            for what, found, wanted in (
                ("it is on", table, self.table),
                ("its columns are", columns, self.columns),
                ("its predicate is", index.predicate, self.predicate),
            )
            if _plain(found) != _plain(wanted)
        ]


def _plain(text: str) -> str:
    """Without what SQL lets one write in several ways: quotes of names, outer parentheses, spaces, capitals."""
    text = re.sub(r"\s*([,()=<>])\s*", r"\1", " ".join(text.replace('"', "").lower().split()))
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1]
    return re.sub(r" asc\b", "", text)


def _closes_last(text: str) -> bool:
    """Whether the first parenthesis is closed by the last character."""
    depth = 0
    for place, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if not depth:
            return place == len(text) - 1
    return False
