"""Names whose value is given with each run: `version: {from: run, pattern: "v\\d+.*"}`, set by `--set`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from opsproof.environment.problems import Problem, choices, short
from opsproof.model.requirement import Positions

_KEYS = ("from", "pattern")


class FromRun(msgspec.Struct, frozen=True):
    """In place of a value: this run gives it. `pattern` is a regular expression for the whole of it."""

    pattern: str = ""

    def refuses(self, value: str) -> str:
        """Why it cannot be the value; empty when it can."""
        if not value or not value.isprintable() or "${" in value:
            return "a value is one line of text, without ${...}"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"it does not fit the pattern {self.pattern}"
        return ""

    def missing(self, name: str) -> str:
        """What to say where the run was not given it."""
        like = f" (pattern {self.pattern})" if self.pattern else ""
        return f"names.{name} is given by the run: add --set {name}=VALUE{like}"


def declared(value: Any) -> Any:
    """A name's value as the file has it, or that the run gives it."""
    if not _from_run(value):
        return value
    pattern = value.get("pattern", "")
    return FromRun(pattern if isinstance(pattern, str) and _compiles(pattern) else "")


def misdeclared(names: Mapping[str, Any], positions: Positions) -> Iterator[Problem]:
    """What is wrong with the declarations among the names of a file."""
    for name, value in names.items():
        if not _from_run(value):
            continue
        for key in value:
            if key not in _KEYS:
                where = positions.key("names", name, key)
                yield Problem.at(where, f"names.{name}: unknown key {short(key)}", choices(str(key), _KEYS))
        pattern = value.get("pattern", "")
        if not isinstance(pattern, str) or not _compiles(pattern):
            where = positions.at("names", name, "pattern")
            yield Problem.at(where, f"names.{name}.pattern: {short(pattern)} is no regular expression")


def _from_run(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("from") == "run"


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
