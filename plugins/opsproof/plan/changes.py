"""Other limits for a replay: what `--limits` says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from opsproof.model.requirement import Requirement


class Change(msgspec.Struct, frozen=True):
    """`RS-048.highest=60%`: another limit for a replay."""

    requirement: str
    limit: str
    value: str
    text: str

    @property
    def whole(self) -> bool:
        return bool(self.requirement and self.limit and self.value)


def parse_changes(texts: Iterable[str]) -> tuple[Change, ...]:
    """What `--limits` says; a text that is not of the form becomes a change of nothing, refused later."""
    changes = []
    for text in texts:
        name, _, value = text.partition("=")
        requirement, _, limit = name.partition(".")
        changes.append(Change(requirement.strip(), limit.strip(), value.strip(), text))
    return tuple(changes)


def changed(row: Requirement, changes: Iterable[Change]) -> Requirement:
    """The row with the limits that the changes give it."""
    given: dict[str, Any] = {
        one.limit: int(one.value) if one.value.isdigit() else one.value
        for one in changes
        if one.requirement == row.id
    }
    return replace(row, limits=MappingProxyType({**row.limits, **given})) if given else row


def refused(changes: Iterable[Change], automated: set[str]) -> list[str]:
    """What is wrong with the changes, given the automated requirements of the environments."""
    return [f"--limits {one.text}: {why}" for one in changes if (why := _wrong(one, automated))]


def _wrong(change: Change, automated: set[str]) -> str:
    if not change.whole:
        return "write it like RS-048.highest=60%"
    if change.requirement not in automated:
        return f"no automated requirement {change.requirement} in this environment"
    return ""
