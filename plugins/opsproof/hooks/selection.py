"""What of the plan a run is to decide, held against what `-m` names: whatever narrows it makes it PARTIAL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest
from _pytest.mark import MarkMatcher
from _pytest.mark.expression import Expression

from opsproof.examine.decide import Item
from opsproof.hooks.item import CheckItem
from opsproof.hooks.planning import Planning, row_markers
from opsproof.model.result import Selection


def expected(expression: str, planning: Planning, collected: Iterable[CheckItem]) -> list[Item]:
    """The planned items that `-m` names, whether they were collected or not.

    Args:
        expression: of `-m`; every item is named by an empty one.
        planning: what could be decided.
        collected: the items that pytest made, before any plugin took some away. What conftest files marked
            them with counts; of what was not collected, the requirement's own markers.
    """
    marked = {id(item.planned): list(item.iter_markers()) for item in collected}
    named = compiled(expression)
    return [
        item
        for item in planning.planned.items
        if named(marked.get(id(item)) or marks(planning.markers(item)))
    ]


def unautomated(expression: str, planning: Planning) -> list[str]:
    """The ids of the rows that `-m` names and no check decides yet."""
    named = compiled(expression)
    rows = planning.planned.rows.values()
    return [row.id for row in rows if not row.automated and named(marks(row_markers(row)))]


class compiled:  # noqa: N801
    """An expression of `-m`, evaluated by pytest itself: `compiled("daily")(marks)`."""

    def __init__(self, expression: str) -> None:
        self.parsed = Expression.compile(expression) if expression else None

    def __call__(self, found: Iterable[pytest.Mark]) -> bool:
        return self.parsed is None or self.parsed.evaluate(MarkMatcher.from_markers(found))


def marks(names: Iterable[str]) -> list[pytest.Mark]:
    return [getattr(pytest.mark, name).mark for name in names]


def selected(
    planning: Planning, wanted: Sequence[Item], items: Sequence[CheckItem], words: Sequence[str]
) -> Selection:
    """What is to run, and what is missing of the wanted.

    Args:
        planning: what could be decided.
        wanted: the planned items that `-m` names.
        items: what pytest is about to run.
        words: what may have taken some away.
    """
    run = {id(item.planned) for item in items}
    missing = tuple(dict.fromkeys(key_of(item) for item in wanted if id(item) not in run))
    return Selection(
        nodeids=tuple(item.nodeid for item in items),
        expression=planning.settings.expression,
        expected=len({key_of(item) for item in wanted} | {key_of(item.planned) for item in items}),
        missing=missing,
        narrowed=(tuple(words) or ("something",)) if missing else (),
    )


def key_of(item: Item) -> str:
    """The requirement of an item, as the plan's record has it."""
    return f"{item.system}/{item.environment}/{item.requirement}"


def narrowing(option: Mapping[str, object], *, whole_folder: bool) -> Iterator[str]:
    """The options, as pytest and its plugins know them, that take items away."""
    if option.get("keyword"):
        yield f"-k {option['keyword']}"
    for name, word in _FLAGS.items():
        if option.get(name):
            yield word
    if option.get("splits"):
        yield f"--splits {option['splits']} --group {option.get('group')}"
    if not whole_folder:
        yield "the paths given"


_FLAGS = {
    "lf": "--lf",
    "stepwise": "--stepwise",
    "deselect": "--deselect",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
}
