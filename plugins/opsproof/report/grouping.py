"""Findings that say the same of many subjects, as one entry with a count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from opsproof.model.finding import Finding


class Group(msgspec.Struct, frozen=True):
    """One or more findings that differ in subject and time alone; at least one."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def subjects(self) -> list[str]:
        return [str(finding.subject) for finding in self.findings]

    @property
    def oldest(self) -> Finding:
        """The one that has been so for longest; the first where none tells."""
        told = [(finding.since, number) for number, finding in enumerate(self.findings) if finding.since]
        return self.findings[min(told)[1]] if told else self.first


_Key = tuple[int, int, str, str, str, "datetime | None", str]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """In the order of each group's first finding."""
    found: dict[_Key, list[Finding]] = {}
    for one in findings:
        found.setdefault(_key(one), []).append(one)
    return [Group(tuple(alike)) for alike in found.values()]


def _key(one: Finding) -> _Key:
    shown = (one.outcome.rank, one.level.rank, one.message, one.measured.text, one.limit.text)
    return (*shown, one.transition_until, one.waiver)
