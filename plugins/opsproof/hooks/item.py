"""The pytest item of a requirement: it decides itself, leaves its result, and reports it as pytest knows it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from _pytest.outcomes import Failed

from opsproof.examine.decide import Item
from opsproof.hooks.planning import Planning, name_of, planning_key
from opsproof.hooks.waiting import decisions_key
from opsproof.model.finding import Finding, ItemResult
from opsproof.model.outcome import Outcome
from opsproof.model.text import printable
from opsproof.model.words import compared


class NotKept(Exception):
    """A requirement is not kept: FAIL."""


class CouldNotDecide(Failed):
    """A requirement could not be decided: UNKNOWN.

    pytest shows its text alone: a setup's traceback would cost 0.1 s for every one, and tell nothing.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text, pytrace=False)


class CheckItem(pytest.Item):
    """Requirement x environment x check.

    UNKNOWN is raised in setup (pytest's and JUnit's *error*), FAIL in the call (*failed*), WAIVED and
    NOT APPLICABLE skip. The result lies in the journal before any of that.
    """

    def __init__(self, *, planned: Item, markers: Iterable[str], **more: Any) -> None:
        super().__init__(**more)
        self.planned = planned
        self.result: ItemResult | None = None
        for marker in markers:
            self.add_marker(marker)

    @classmethod
    def made(cls, parent: Any, planning: Planning, planned: Item, file: str) -> CheckItem:
        """An item below its `file`. Its id is text, so that --lf knows it again; the same wherever rootdir is."""
        name = name_of(planned)
        nodeid = f"{file}::{name}"
        item: CheckItem = cls.from_parent(
            parent, name=name, nodeid=nodeid, planned=planned, markers=planning.markers(planned)
        )
        return item

    def setup(self) -> None:
        decisions = self.config.stash[decisions_key]
        began = time.monotonic()
        result = decisions.decide(self.planned)
        seconds = round(time.monotonic() - began, 4)
        self.result = decisions.running.record(
            msgspec.structs.replace(result, nodeid=self.nodeid, seconds=seconds)
        )
        # A plugin may run an item again: what its result says replaces what an earlier one said.
        told = properties(self.result)
        others = [one for one in self.user_properties if one[0] not in dict(told)]
        self.user_properties = [*others, *told]
        if self.result.outcome is Outcome.UNKNOWN:
            raise CouldNotDecide("\n".join(said(self.result, Outcome.UNKNOWN)))

    def runtest(self) -> None:
        assert self.result is not None
        if self.result.outcome is Outcome.FAIL:
            raise NotKept("\n".join(said(self.result, Outcome.FAIL)))
        if self.result.outcome in {Outcome.WAIVED, Outcome.NOT_APPLICABLE}:
            reasons = list(said(self.result, self.result.outcome))
            pytest.skip(f"{self.result.outcome}: {'; '.join(reasons)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, (NotKept, CouldNotDecide)):
            return f"{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        check = self.planned.check
        return (
            check.file,
            check.function.__code__.co_firstlineno - 1,
            f"{self.planned.requirement} {check.name}",
        )


class ChecksFile(pytest.File):
    """A file of checks, as pytest collects it: what it brings is known from the plan."""

    def collect(self) -> Iterator[CheckItem]:
        planning = self.config.stash[planning_key]
        file = planning.settings.shown(self.path)
        for planned in planning.items_in(self.path) or ():
            yield CheckItem.made(self, planning, planned, file)


def properties(result: ItemResult) -> list[tuple[str, object]]:
    """What JUnit and pytest-html show of an item beside pytest's own outcome."""
    return [
        ("requirement", result.requirement),
        ("system", result.system),
        ("environment", result.environment),
        ("check", result.check),
        ("severity", result.level.value),
        ("outcome", result.outcome.value),
    ]


def said(result: ItemResult, outcome: Outcome) -> Iterator[str]:
    """One line per decisive finding: subject, message, measured and needed. Hostile text is kept printable."""
    yield f"{result.requirement} {result.check} [{result.level}]"
    yield from (_line(finding) for finding in _of(result, outcome))


def _of(result: ItemResult, outcome: Outcome) -> Iterable[Finding]:
    return [finding for finding in result.findings if finding.outcome is outcome][:20]


def _line(finding: Finding) -> str:
    needed = compared(finding.measured, finding.limit)
    text = f"{finding.subject}: {finding.message}" + (f" ({needed})" if needed else "")
    return " ".join(printable(text).split())
