"""The newest backups' ages: drawn from what was measured, one bar for each system, and the same numbers as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsproof.model.finding import BACKUP_AGE, Finding, ItemResult, Passed
from opsproof.model.level import Level
from opsproof.model.limits import AtMost
from opsproof.model.measure import measure
from opsproof.model.outcome import Outcome
from opsproof.model.result import CheckRecord, Result
from opsproof.model.subject import Subject
from opsproof.model.units import Duration, Percent
from opsproof.report.ages import Bar, by_system, newest
from opsproof.report.html import BACKUPS, SYSTEMS, render
from tests.report.browser import told_by
from tests.report.results import NOW, finding, item, result
from tests.report.test_html import HOSTILE, Page

DAY = AtMost.parse("26h", Duration)
HOUR = 3600


def young(name: str, hours: float, limit: Any = DAY) -> Passed:
    return Passed(Subject("backup", name), measure(Duration(hours * HOUR)), measure(limit))


def old(name: str, hours: float | None, outcome: Outcome = Outcome.FAIL, **more: Any) -> Finding:
    measured = {} if hours is None else {"measured": Duration(hours * HOUR)}
    return finding(name, outcome, **{"limit": DAY, "message": "the newest is of Sunday", **measured, **more})


def of(
    number: int, passed: Iterable[Passed] = (), found: Iterable[Finding] = (), system: str = "shop"
) -> ItemResult:
    kept = tuple(passed)
    return item(number, found, len(kept), measured=kept, system=system)


def run(*items: ItemResult, measures: str = BACKUP_AGE) -> Result:
    """A run whose one check measures the ages of backups; each requirement is of its item's system."""
    made = result(items)
    rows = tuple(
        replace(one, requirement=replace(one.requirement, system=one.items[0].system))
        for one in made.requirements
    )
    check = CheckRecord("health/pods-ready", "It is young", "Lost", measures)
    return replace(made, requirements=rows, checks=(check,))


def drawn(*items: ItemResult) -> list[Bar]:
    return by_system(newest(run(*items)))


def told(*items: ItemResult) -> list[str]:
    return [f"{one.subject}: {one.text}" for one in newest(run(*items))]


def test_a_bar_is_as_long_as_the_age_is_of_what_is_allowed() -> None:
    """The line of the limit stands at two thirds: half of what is allowed is a third."""
    (bar,) = drawn(of(1, [young("db", 13)]))
    assert ("shop/live", "13h of 1d2h", "pass") == (bar.name, bar.text, bar.state)
    assert (33.33, False) == (bar.width, bar.cut)


def test_a_bar_that_would_be_too_long_is_cut_and_says_so() -> None:
    (bar,) = drawn(of(1, found=[old("db", 26 * 40)]))
    assert (100.0, True, "43d8h of 1d2h, fail") == (bar.width, bar.cut, bar.text)


def test_just_beyond_the_limit_is_beyond_the_line() -> None:
    (bar,) = drawn(of(1, found=[old("db", 26.5)]))
    assert bar.width is not None and bar.width > 66.67
    assert not bar.cut


def test_the_worst_backup_stands_for_its_system() -> None:
    """No backup, one that is late, one that nobody could look at, and only then the oldest of those that pass."""
    kinds = [
        of(1, [young("a", 2), young("b", 25), young("c", 3)]),
        of(2, found=[old("d", None, Outcome.UNKNOWN)]),
        of(3, found=[old("e", 30)]),
        of(4, found=[old("f", None)]),
    ]
    firsts = [drawn(*kinds[:count])[0] for count in range(1, 5)]
    assert ["1d1h of 1d2h", "no age, unknown", "1d6h of 1d2h, fail", "no age, fail"] == [
        bar.text for bar in firsts
    ]
    assert "shop/live, the worst of 6" == firsts[-1].name


def test_each_system_has_its_bar_the_worst_first() -> None:
    bars = drawn(of(1, [young("a", 2)], system="one"), of(2, found=[old("b", 30)], system="two"))
    assert ["two/live", "one/live"] == [bar.name for bar in bars]


def test_what_is_no_age_is_not_drawn() -> None:
    """Sizes, what does not apply, and words that look like an age."""
    size = AtMost.parse("50%", Percent)
    passed = Passed(Subject("size", "db"), measure(Percent(0.2)), measure(size))
    found = [
        finding("size", measured=Percent(0.9), limit=size),
        finding("none", Outcome.NOT_APPLICABLE),
        finding("words", measured="2d of 26h", limit="a whole dump"),
    ]
    assert [] == told(of(1, [passed], found))


def test_an_age_is_never_read_from_a_text() -> None:
    """Measured in words: the bar has no length."""
    (bar,) = drawn(of(1, found=[finding("db", measured="3h", limit=DAY)]))
    assert (None, "no age, fail") == (bar.width, bar.text)


def test_a_source_that_does_not_answer_and_an_empty_row_are_drawn_without_an_age() -> None:
    """They have neither limit nor measure; a system that is left out of the picture looks well."""
    lost = finding("objects", Outcome.UNKNOWN, message="connection refused")
    empty = finding("SH-002", message="nothing there to examine")
    assert ["pod SH-002: no age, fail", "pod objects: no age, unknown"] == told(of(1, found=[lost, empty]))


def test_a_waived_age_and_one_in_transition_are_named_so() -> None:
    moving = old("b", 27, Outcome.PASS, transition_until=NOW)
    assert ["pod a: 1d6h of 1d2h, waived", "pod b: 1d3h of 1d2h, in transition"] == told(
        of(1, found=[moving, old("a", 30, Outcome.WAIVED)])
    )


def test_of_several_steps_the_first_that_breaks_is_the_line() -> None:
    steps = AtMost.parse({"critical": "50h", "medium": "26h"}, Duration)
    (bar,) = drawn(of(1, [young("db", 13, steps)]))
    assert ("13h of 1d2h", 33.33) == (bar.text, bar.width)


def test_a_backup_of_the_future_has_no_age_below_zero() -> None:
    (bar,) = drawn(of(1, [young("db", -3)]))
    assert bar.width is not None and bar.width > 0
    assert "-" not in bar.text


def test_a_page_without_backups_shows_nothing_of_them() -> None:
    """Neither of other checks, nor where backups do not apply."""
    elsewhere = render(run(of(1, [young("db", 3)]), measures=""))
    nothing = render(run(of(1, found=[finding("SH-001", Outcome.NOT_APPLICABLE)])))
    assert not [page for page in (elsewhere, nothing) if "Newest backups" in page or 'class="ages"' in page]


def test_the_picture_has_a_title_and_its_numbers_in_words() -> None:
    """A reader who sees no picture has all of it: as its description, and as a table."""
    page = Page(render(run(of(1, [young("db", 13)]), of(2, found=[old("logs", 30)], system="forge"))))
    svg = next(attributes for tag, attributes in page.tags if attributes.get("class") == "ages")
    assert ("img", "ages-title ages-text") == (svg["role"], svg["aria-labelledby"])
    assert {"ages-title", "ages-text"} <= {attributes.get("id") for _, attributes in page.tags}
    assert "forge/live: 1d6h of 1d2h, fail; shop/live: 13h of 1d2h" in page.text
    section = page.text.split("Newest backups")[1].split("Every requirement")[0]
    rows = [" ".join(line.split()) for line in section.splitlines() if "SH-" in line]
    assert [
        "SH-002forge/livepod logs1d6h1d2hfail: the newest is of Sunday",
        "SH-001shop/livebackup db13h1d2hpass",
    ] == rows


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    """Of systems and backups, in the picture, its description, the table, and what is folded away."""

    def made(name: str) -> Page:
        found = [old(f"{name}{n}", 30 + n, message=name) for n in range(BACKUPS + 2)]
        return Page(render(run(of(1, [young(name, 3)], [*found], system=name))))

    page, harmless = made(text), made("harmless")
    assert page.names() == harmless.names()
    assert [sorted(attributes) for _, attributes in page.tags] == [
        sorted(attributes) for _, attributes in harmless.tags
    ]
    assert page.scripts[1] == harmless.scripts[1]


def test_many_backups_are_folded_and_counted() -> None:
    """A hundred systems: the worst in the picture, ten lines in the table, all others in the page's data."""
    items = [of(n, found=[old("db", 30 + n)], system=f"s-{n}") for n in range(1, 101)]
    page = Page(render(run(*items)))
    rows = json.loads(page.scripts[0])["backups"]
    assert 100 - BACKUPS == len(rows)
    assert {6} == {len(cells) for cells in rows}  # seven would be a finding's
    assert SYSTEMS == len([1 for tag, one in page.tags if tag == "rect" and one.get("class") == "bar fail"])
    assert f"{100 - SYSTEMS} systems more, none of them worse" in page.text
    assert f"Show {100 - BACKUPS} more backups" in page.text


def test_the_picture_takes_all_its_colours_from_the_page() -> None:
    """Those of light, dark and print: a colour of its own would be lost on one of them."""
    style = render(run(of(1, [young("db", 3)]))).split("<style>")[1].split("</style>")[0]
    rules = re.findall(r"\.ages[^{]*\{([^}]*)\}", style)
    assert len(rules) > 5
    colours = [value for rule in rules for value in re.findall(r"(?:fill|stroke|color):([^;}]+)", rule)]
    assert {"none"} | {value for value in colours if value.startswith("var(--")} == set(colours)


_BOXES = """[...document.querySelectorAll('.ages g')].map(one => {
  const name = one.querySelector('svg'), told = one.querySelector('.told').getBoundingClientRect();
  const left = document.querySelector('.ages').getBoundingClientRect().left;
  return {
    name: left + name.width.baseVal.value, clipped: getComputedStyle(name).overflow,
    told: told.left, end: told.right,
  };
})"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [500, 1280])
def test_nothing_overlaps_or_is_cut_off(width: int, tmp_path: Path) -> None:
    """On a telephone and on a desk: names give way to numbers, and the page does not scroll sideways."""
    long = "a-system-with-a-name-that-goes-on-and-on-beyond-every-line"
    page = render(run(of(1, [young("db", 13)]), of(2, found=[old("%Y" * 60, 3000)], system=long)))
    script = f"({{width: document.documentElement.scrollWidth, boxes: {_BOXES}}})"
    found = told_by(page, script, tmp_path, f"--window-size={width},900")
    assert found["width"] <= width
    assert ["hidden", "hidden"] == [box["clipped"] for box in found["boxes"]]
    assert not [box for box in found["boxes"] if box["name"] > box["told"] or box["end"] > width]


def test_levels_decide_nothing_of_the_picture() -> None:
    """A low row's missing backup is as missing as a critical one's."""
    low = of(1, found=[old("db", 30, level=Level.LOW)])
    assert ["pod db: 1d6h of 1d2h, fail"] == told(low)
