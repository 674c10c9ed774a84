"""How old the newest backups are, and how old they may be: one bar for each system, that of its worst backup."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec

from opsproof.model.finding import BACKUP_AGE, Finding, ItemResult
from opsproof.model.measure import Measure
from opsproof.model.outcome import Outcome
from opsproof.model.result import RequirementRecord, Result
from opsproof.model.units import Duration, duration_text

_SHOWN = 1.5  # times the limit: a longer bar is cut
_LEAST = 0.4  # per cent of the width, so that a backup of a minute ago is seen
LIMIT = round(100 / _SHOWN, 2)  # where the limit is, in per cent of the width
_WORST = ("fail", "unknown", "waived", "transition", "pass")


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest one of what a requirement calls a backup.

    Args:
        place: system/environment.
        state: its outcome, or `transition`.
        age: in seconds, as it was measured; None where nobody knows.
        most: in seconds, how old it may be.
        told: what was found, unless it passed.
    """

    key: str
    id: str
    place: str
    subject: str
    state: str
    age: float | None = None
    most: float | None = None
    told: str = ""

    @property
    def share(self) -> float | None:
        """Its age as a share of what is allowed."""
        if self.age is None or self.most is None:
            return None
        return max(0.0, self.age) / self.most if self.most > 0 else math.inf

    @property
    def age_text(self) -> str:
        return "no age" if self.age is None else duration_text(max(0.0, self.age))

    @property
    def most_text(self) -> str:
        return "" if self.most is None else duration_text(self.most)

    @property
    def text(self) -> str:
        """`2d3h of 1d2h, fail`, `5h of 1d2h`, `no age, unknown`."""
        of = f" of {self.most_text}" if self.age is not None and self.most is not None else ""
        return f"{self.age_text}{of}{'' if self.state == 'pass' else f', {_words(self.state)}'}"

    @property
    def cells(self) -> tuple[str, ...]:
        """A line of the table that says the same."""
        said = f"{_words(self.state)}: {self.told}" if self.told else _words(self.state)
        return self.id, self.place, self.subject, self.age_text, self.most_text, said

    @property
    def urgency(self) -> tuple[int, float, str, str]:
        """Sorts the worst first."""
        share = math.inf if self.share is None else self.share
        return _WORST.index(self.state), -share, self.place, self.subject


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One system's bar. `width` is per cent of the picture's, None where there is no age; `cut`: it is longer."""

    place: str
    state: str
    count: int
    text: str
    width: float | None
    cut: bool

    @property
    def name(self) -> str:
        return f"{self.place}, the worst of {self.count}" if self.count > 1 else self.place


def newest(result: Result) -> list[Newest]:
    """Every newest backup that the run looked at, the worst first."""
    names = {check.name for check in result.checks if check.measures == BACKUP_AGE}
    found = (
        backup
        for one in result.requirements
        for item in one.items
        if item.check in names
        for backup in _of(one.requirement, item)
    )
    return sorted(found, key=lambda one: one.urgency)


def by_system(backups: Iterable[Newest]) -> list[Bar]:
    """One for each system, in the order of their first backups."""
    places: dict[str, list[Newest]] = {}
    for one in backups:
        places.setdefault(one.place, []).append(one)
    return [_bar(of[0], len(of)) for of in places.values()]


def _bar(worst: Newest, count: int) -> Bar:
    share = worst.share
    return Bar(
        place=worst.place,
        state=worst.state,
        count=count,
        text=worst.text,
        width=None if share is None else round(max(_LEAST, min(share / _SHOWN, 1.0) * 100), 2),
        cut=share is not None and share > _SHOWN,
    )


def _of(row: RequirementRecord, item: ItemResult) -> Iterator[Newest]:
    """What passed, and every finding about an age, or about nobody's limit: no backup, no answer."""
    for passed in item.measured:
        if passed.limit.unit == Duration.unit:
            yield _made(row, str(passed.subject), "pass", passed.measured, passed.limit)
    for one in item.findings:
        if one.outcome is not Outcome.NOT_APPLICABLE and (one.limit.unit == Duration.unit or not one.limit):
            yield _made(row, str(one.subject), _state(one), one.measured, one.limit, one.message)


def _state(one: Finding) -> str:
    return "transition" if one.in_transition else one.outcome.value


def _words(state: str) -> str:
    return "in transition" if state == "transition" else state


def _made(
    row: RequirementRecord, subject: str, state: str, measured: Measure, limit: Measure, told: str = ""
) -> Newest:
    """Numbers alone count: what a text says of them decides nothing."""
    allowed = [step.value for step in limit.steps if step.value is not None]
    return Newest(
        key=row.key,
        id=row.id,
        place=f"{row.system}/{row.environment}",
        subject=subject,
        state=state,
        age=measured.value if measured.unit == Duration.unit else None,
        most=min(allowed, default=limit.value),
        told=told,
    )
