"""What `-m` and `-k` were meant to say: names in them that nothing bears, with the nearest spelling."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

import pytest

from opsproof.plan.planned import Planned

# pytest's own form of a name; the values of a marker's arguments are none.
_NAME = re.compile(r"[\w:+\-.\[\]\\/]+")
_ARGUMENTS = re.compile(r"\(\s*\w+\s*=[^()]*\)")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_REQUIREMENT = re.compile(r"([A-Za-z]{2,})-0*(\d+)")
_LISTED = 20
_OPERATORS = frozenset({"and", "or", "not"})


def names(expression: str) -> list[str]:
    """The names in an expression, in order, each once: `daily and not slow` -> daily, slow."""
    bare = _ARGUMENTS.sub(" ", _STRING.sub("0", expression))
    return list(dict.fromkeys(name for name in _NAME.findall(bare) if name not in _OPERATORS))


def unknown_markers(expression: str, markers: Collection[str]) -> Iterator[str]:
    """A line for each name of a `-m` expression that is no marker."""
    for name in names(expression):
        if name not in markers:
            yield f"-m: no marker is called {name}{_hint(name, markers)}"


def unknown_requirements(
    expression: str, items: Collection[str], runbook: Collection[str], where: str
) -> Iterator[str]:
    """A line for each name of a `-k` expression that has the form of a requirement's id and is none here.

    Args:
        items: the ids for which there are items.
        runbook: all ids of the runbooks, automated or not.
        where: the environments, as people write them.
    """
    for name in names(expression):
        word = name.upper()
        if not _REQUIREMENT.fullmatch(word) or any(word in one for one in items):
            continue
        if word in runbook:
            yield f"-k: {word} is in the runbook, and no check decides it yet"
        else:
            yield f"-k: no requirement of {where} is called {name}{_same_number(word, runbook)}"


def _hint(name: str, allowed: Collection[str]) -> str:
    near = get_close_matches(name.lower(), sorted(allowed), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _same_number(word: str, ids: Collection[str]) -> str:
    """Ids differ in every digit: only the same number written otherwise is a near spelling (RS-18)."""
    meant = _parts(word)
    same = [one for one in sorted(ids) if _parts(one) == meant]
    return f"; did you mean {same[0]}?" if same else ""


def _parts(word: str) -> tuple[str, ...]:
    found = _REQUIREMENT.fullmatch(word)
    return found.groups() if found else (word,)


def mistaken(config: pytest.Config, planned: Planned) -> Iterator[str]:
    """What to say of names in -m and -k that nothing bears.

    They select nothing, and are told. pytest refuses them where markers are strict, and stops xdist's
    controller with an internal error: registered, they do the same in every repository.
    """
    marks, keywords = config.option.markexpr, config.option.keyword
    known = {_marker(line) for line in config.getini("markers")}
    for name in set(names(marks)) - known:
        config.addinivalue_line("markers", f"{name}: named by -m, borne by nothing")
    yield from unknown_markers(marks, known)
    items = {item.requirement for item in planned.items}
    runbook = {name for _, name in planned.rows}
    yield from unknown_requirements(keywords, items, runbook, ", ".join(planned.environments))


def nothing_selected(marks: str, keywords: str, lines: Iterable[str], example: str) -> Iterator[str]:
    """Why a selection is empty, and what it could have named.

    Args:
        lines: the markers of requirements, as pytest registers them.
        example: the name of an item.
    """
    given = [f"-m {marks!r}"] * bool(marks) + [f"-k {keywords!r}"] * bool(keywords)
    if not given:
        return
    yield f"{' with '.join(given)} selects no requirement: nothing was asked, nothing is decided"
    if marks:
        yield f"markers: {', '.join(map(_marker, lines))}"
    if keywords and example:
        yield f"-k looks for its words in names like {example}"


def only_planned(marks: str, ids: Collection[str]) -> Iterator[str]:
    """What to say of a selection that no automated requirement bears: the rows that do, to be automated.

    Args:
        marks: the expression of `-m`; all rows bear an empty one.
        ids: the rows without automation that bear it.
    """
    if ids:
        rows = "1 row" if len(ids) == 1 else f"{len(ids)} rows"
        bear = "bears it" if len(ids) == 1 else "bear it"
        where = f"-m {marks!r}: {rows} {bear}" if marks else f"{rows} in the runbook"
        yield f"{where}, none is automated yet (planned): {_listed(ids)}"


def _listed(ids: Collection[str]) -> str:
    shown = list(ids)[:_LISTED]
    more = f" and {len(ids) - len(shown)} more" if len(ids) > len(shown) else ""
    return " ".join(shown) + more


def _marker(line: str) -> str:
    """The name in `slow: takes long` or `device(serial): of that device`."""
    return re.split(r"[(:]", line, maxsplit=1)[0].strip()
