"""What no report may leave out, whatever else it shows: each in the terminal's summary and on the page."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from opsproof.model.finding import Excluded
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import GateVerdict, Result, WaiverUse
from opsproof.model.target import TargetReport
from opsproof.report import html, junit
from opsproof.report.terminal import lines
from tests.report.results import NOW, finding, item, result
from tests.report.test_html import Page

_KEPT = item(1, passed=1)
_SERVER = TargetReport(target="kubernetes:https://k", kind="kubernetes", role="kubernetes")


def terminal(found: Result, **more: int) -> str:
    return " ".join(" ".join(line.text for line in lines(found, **more)).split())


def page(found: Result) -> str:
    return " ".join(Page(html.render(found)).text.split())


def with_provenance(**changes: Any) -> Result:
    found = result([_KEPT])
    return msgspec.structs.replace(found, provenance=msgspec.structs.replace(found.provenance, **changes))


def gated(**changes: Any) -> Result:
    return msgspec.structs.replace(
        result([_KEPT]),
        verdict="GATE CLOSED",
        gate=GateVerdict(closed=bool(changes.get("unsound")), level=Level.HIGH, **changes),
    )


LOST = with_provenance(source_run="r0", source_unsound="facts/1f is altered")
WAIVER = WaiverUse(
    id="1", requirement="SH-001", subject="pod/shop/*", environment="live", reason="moved", approved_by="Ann",
    states=("used", "expired"), uses=3,
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "on_terminal", "on_page"),
    [
        (msgspec.structs.replace(result([_KEPT]), integrity="line 3"), "ALTERED: line 3", "Altered. line 3"),
        (LOST, "SOURCE r0: facts/1f is altered", "facts/1f is altered"),
        (result([_KEPT], targets=[msgspec.structs.replace(_SERVER, verified="mismatch")]),
         "NOT THE DECLARED SERVER: kubernetes:https://k", "NOT the declared one"),
        (result([_KEPT], targets=[msgspec.structs.replace(_SERVER, verified="unknown", failure="refused")]),
         "1 did not tell who it is", "refused"),
        (result([_KEPT], targets=[msgspec.structs.replace(_SERVER, skew=-180.0)]),
         "CLOCK: kubernetes:https://k is -180.0 s off ours", "-180.0 s skewed"),
        (result([_KEPT], targets=[msgspec.structs.replace(_SERVER, sensitive=("secret-names",))]),
         "SENSITIVE RIGHT: the environment allows secret-names on kubernetes:https://k", "sensitive secret-names"),
        (msgspec.structs.replace(result([_KEPT]), narrowed=("-k SH",)), "PARTIAL: 1 of 1 ran, narrowed by -k SH", "-k SH"),
        (gated(below=("shop/live/SH-007",)), "let through below high: SH-007", "1 below it listed and let through"),
        (result([_KEPT], waivers=[WAIVER]), "SH-001 pod/shop/*: unused, used, expired (moved)", "used, expired"),
        (result([item(1, [finding()])], missing=1), "it was selected and did not run to its end", "Incomplete."),
        (gated(unsound="ALTERED"), "GATE CLOSED", "its source cannot be believed"),
        (result([item(1, [finding("x", Outcome.WAIVED, waiver="1")])], waivers=[WAIVER]),
         "expired (moved)", "waived: moved (Ann)"),
        (result([_KEPT], mode="what-if"), "WHAT-IF: shop/live", "what-if"),
    ],
)  # fmt: skip
def test_it_is_in_the_summary_and_on_the_page(found: Result, on_terminal: str, on_page: str) -> None:
    assert on_terminal in terminal(found)
    assert on_page in page(found)


@pytest.mark.parametrize(("found", "closed"), [([finding()], "closed"), ((), "open")])
def test_a_closed_gate_looks_closed(found: Any, closed: str) -> None:
    """Its colour says what its words say."""
    read = Page(html.render(result([item(1, found, passed=1)])))

    assert [f"gate {closed}"] == [
        one["class"] for _, one in read.tags if (one.get("class") or "").startswith("gate ")
    ]


@pytest.mark.parametrize("mode", ["live", "replay", "what-if", "demo"])
def test_the_mode_stands_at_the_top(mode: str) -> None:
    """In the first line that a reader sees, beside the time."""
    top = html.render(result([_KEPT], mode=mode)).partition("<header>")[2].partition("</header>")[0]

    assert f">{mode}</span>" in top


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("level", list(Level))
def test_each_outcome_is_counted_at_its_level(outcome: Outcome, level: Level) -> None:
    """In the terminal's table, and in the page's with its sums."""
    some = [item(n, [finding(outcome=outcome, level=level)], level=level) for n in range(3)]
    found = result(some, level=level)

    (row,) = [line.text.split() for line in lines(found) if line.text.split()[:1] == [level.value]]
    assert (5, "3") == (len(row[1:]), row[1 + list(Outcome).index(outcome)])
    wanted = ["3" if one is outcome else "0" for one in Outcome]
    table = re.search(r'<table class="counts">.*?</table>', html.render(found), re.DOTALL)
    assert table
    rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", one) for one in table[0].split("<tr")]
    shown = {
        re.sub(r"<.*?>", "", cells[0]): [re.sub(r"<.*?>", "", one) for one in cells[1:]]
        for cells in rows
        if cells
    }
    assert (wanted, wanted) == (shown["all"], shown[level.value])


@pytest.mark.parametrize(("done", "told"), [(0, "it did not run"), (1, "not all of it ran")])
def test_junit_says_what_did_not_run(done: int, told: str) -> None:
    """Beside what was found until then."""
    found = result([item(1, [finding(outcome=Outcome.UNKNOWN)])] if done else [], missing=1)
    (one,) = (
        msgspec.structs.replace(each, incomplete=True, items=each.items if done else ())
        for each in found.requirements[:1]
    )
    text = junit.render(msgspec.structs.replace(found, requirements=(one,)))

    (error,) = ElementTree.fromstring(text).findall(".//error")
    assert told in (error.get("message") or "")


def test_what_was_not_run_is_said_beside_what_fails() -> None:
    """A failing requirement of which another check did not run."""
    found = result([item(1, [finding()])])
    (one,) = found.requirements
    found = msgspec.structs.replace(found, requirements=(msgspec.structs.replace(one, incomplete=True),))

    assert "and not all of it ran to its end" in terminal(found)
    assert "selected, and did not run to its end" in page(found)


def test_no_character_that_steers_reaches_the_page() -> None:
    """Neither in its text nor in the data of its script."""
    rogue = "a\x1b[31mb\u202ec\x00d"
    own = [finding(f"{rogue}{n}", message=f"{rogue}{n}") for n in range(40)]
    text = html.render(result([item(1, own, notes=(rogue,))], says=rogue))

    assert "a\ufffd[31mb\ufffdc\ufffdd" in text
    assert "a\\ufffd[31mb\\ufffdc\\ufffdd" in text
    assert not [char for char in text if not char.isprintable() and char not in "\n\t"]
    assert not [rogue for rogue in ("\\u001b", "\\u202e", "\\u0000") if rogue in text]


def test_a_requirement_opens_to_all_that_bounds_its_answer() -> None:
    """What was not examined and why, remarks, and what a pass does not show."""
    found = result(
        [
            item(
                1,
                passed=1,
                notes=("a silence hides 2 alerts",),
                excluded=(Excluded("finished", 7, ("pod a",)),),
            )
        ]
    )
    (one,) = found.requirements
    row = msgspec.structs.replace(one.requirement, partial="whether it is fast")
    text = page(msgspec.structs.replace(found, requirements=(msgspec.structs.replace(one, requirement=row),)))

    assert "7 not examined: finished (pod a, …)" in text
    assert "a silence hides 2 alerts" in text
    assert "A pass does not show" in text
    assert "whether it is fast" in text


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.UNKNOWN])
def test_what_is_urgent_stands_above_the_list(level: Level, outcome: Outcome) -> None:
    """Critical and high ones with their subjects."""
    text = page(result([item(1, [finding("shop/x", outcome, level=level)], level=level)], level=level))

    first = text.split("Every requirement")[0]
    assert (level in {Level.CRITICAL, Level.HIGH}) is ("pod shop/x" in first)


@pytest.mark.parametrize("level", list(Level))
def test_every_cause_stands_above_the_list(level: Level) -> None:
    """Whatever its level: it says what to do, and how much hangs on it."""
    dark = finding(
        "q", Outcome.UNKNOWN, level=level, message="refused", cause="Unreachable: x", failure="Unreachable"
    )
    first = page(result([item(1, [dark], level=level)], level=level)).split("Every requirement")[0]

    assert "Leaves 1 requirement undecided: SH-001" in first
    assert "To do: see whether the server is down" in first


def test_each_button_has_what_it_shows() -> None:
    """Its key is one of the data below the page."""
    many = [finding(f"shop/x-{n}", message=f"{n} restarts") for n in range(40)]
    alike = [finding(f"shop/y-{n}") for n in range(40)]
    moving = [finding(f"shop/z-{n}", Outcome.PASS, message=f"{n}", transition_until=NOW) for n in range(40)]
    found = result([item(1, many), item(2, alike), item(3, moving), item(4, passed=40)])
    read = Page(html.render(found, {"shop/live/SH-004": [f"pod {n}" for n in range(40)]}))

    keys = {one["data-key"] for tag, one in read.tags if tag == "button" and "data-key" in one}
    assert keys == set(json.loads(read.scripts[0]))
    assert 5 <= len(keys)
