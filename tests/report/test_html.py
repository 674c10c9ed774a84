"""`report.html`: whatever servers and files say stays text; a page of thousands stays small."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsproof.model.finding import Excluded, Finding
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import Result, WaiverUse
from opsproof.model.target import TargetReport
from opsproof.model.text import printable
from opsproof.report.html import MOVING, NAMES, STATIC, render
from tests.report.results import NOW, finding, item, result

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "--><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "'><svg/onload=alert(1)>",
    "&lt;b&gt;",
    "{{ 7 * 7 }}{% include 'x' %}",
    "a\x00b\x1b[31mc\u202ed\u2028e",
    "]]>",
]


class Page(HTMLParser):
    """The page as a browser sees it: tags, text outside of scripts, and what scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        self.text += "\n" if tag == "br" else ""
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data

    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]


def everywhere(text: str, count: int = 1) -> Result:
    """A result with `text` in every place that a server or a file can fill."""
    moving = finding(text, Outcome.PASS, message=text, transition_until=NOW)
    found = [
        finding(f"{text}{n}", message=text, measured=text, limit=text, since_from=text, level=Level.HIGH)
        for n in range(count)
    ]
    return result(
        [
            item(1, [*found, finding(text, Outcome.UNKNOWN, message=text, cause=f"Unreachable: {text}: x")],
                 notes=(text,), excluded=(Excluded(text, 1, (text,)),)),
            item(2, [moving]),
        ],
        says=text,
        respond=text,
        waivers=[WaiverUse(id="1", requirement=text, subject=text, environment=text, reason=text, approved_by=text)],
        targets=[TargetReport(target=text, kind="http", role="http", failure=text, identity={text: text}, version=text)],
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_never_becomes_markup(text: str) -> None:
    """The same elements and attributes as with harmless text, and no more scripts."""
    page, harmless = (
        Page(render(everywhere(text, STATIC + 5))),
        Page(render(everywhere("harmless", STATIC + 5))),
    )
    assert page.names() == harmless.names()
    assert [sorted(attributes) for _, attributes in page.tags] == [
        sorted(attributes) for _, attributes in harmless.tags
    ]
    assert len(page.scripts) == 2
    assert page.scripts[1] == harmless.scripts[1]


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_text_stays_text(text: str) -> None:
    """What a browser shows is what was found; the data for the page's script says the same."""
    page = Page(render(everywhere(text, STATIC + 1)))
    assert page.names() == Page(render(everywhere("harmless", STATIC + 1))).names()
    folded = json.loads(page.scripts[0])
    (names,) = folded.values()
    assert STATIC + 1 - NAMES == len(names)
    assert all(isinstance(name, str) and printable(name) == name for name in names)


def test_text_is_shown_as_it_is() -> None:
    """Escaped once, not twice."""
    page = Page(render(everywhere("<b>5 & 6</b>")))
    assert "<b>5 & 6</b>" in page.text


def test_nothing_is_fetched() -> None:
    """One file, no network: its policy forbids it, and nothing refers to anything."""
    text = render(everywhere("x"))
    page = Page(text)
    policy = next(one["content"] for tag, one in page.tags if tag == "meta" and one.get("http-equiv"))
    assert policy is not None
    assert "default-src 'none'" in policy
    assert not [
        one for _, one in page.tags if any(name in one for name in ("src", "srcset", "data", "action"))
    ]
    assert {"https://wiki.example.com/shop"} == {
        one["href"] for _, one in page.tags if one.get("href") and not (one["href"] or "").startswith("#")
    }
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", text)


def test_thousands_of_subjects_stay_small_and_complete() -> None:
    """5,000 failing subjects: few rows in the page itself, all of them in its data, worst first."""
    subjects = [finding(f"shop/api-{n}", message=f"not ready for {n} minutes") for n in range(5000)]
    text = render(result([item(1, subjects)]))
    page = Page(text)
    assert page.names().count("tr") < 100
    assert len(text) < 1_200_000
    (rows,) = json.loads(page.scripts[0]).values()
    shown = set(re.findall(r"pod shop/api-\d+", page.text)) | {cells[2] for cells in rows}
    assert shown == {f"pod shop/api-{n}" for n in range(5000)}
    assert f"Show {5000 - STATIC} more subjects" in page.text


def test_the_first_screen_says_what_to_do() -> None:
    """The gate and why, mode and environment, what is critical with its first step, coverage."""
    text = Page(render(result([item(1, [finding(measured="3", limit="at most 0")]), item(2, passed=4)]))).text
    first = " ".join(text.split("Every requirement")[0].split())
    for part in ("Gate closed: 1 not kept", "live", "shop/live", "SH-001", "P1", "15 min", "measured 3, needed at most 0",
                 "Look at the events", "In the runbooks", "2 of 4 levels and limits"):  # fmt: skip
        assert part in first, (part, first)


def test_a_step_that_is_wrong_never_stands_alone() -> None:
    """Where the step is shown, its mark, its warning and the right way are, too."""
    text = " ".join(Page(render(result([item(1, [finding()])]))).text.split())
    told = "changes state Roll back Warning: it may be the wrong one. Instead: name the revision"
    assert text.count("Roll back") == text.count(told) > 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_place(outcome: Outcome) -> None:
    """Filters find it, counts count it."""
    one = item(1, passed=1) if outcome is Outcome.PASS else item(1, [finding(outcome=outcome)])
    page = Page(render(result([one])))
    details = [attributes for tag, attributes in page.tags if tag == "details"]
    assert [attributes["data-outcome"] for attributes in details] == [outcome.value]
    assert all(f'value="{word.value}"' in render(result([one])) for word in Outcome)


def test_an_altered_or_incomplete_run_says_so() -> None:
    """A selected item that did not run, in words, on the first screen."""
    text = Page(render(result([item(1, passed=1)], missing=1))).text
    assert "Incomplete." in text
    assert "1 not run to the end" in text


def moving(number: int, **more: Any) -> Finding:
    """A change that ends in that many minutes; later ends have earlier names."""
    until = NOW + timedelta(minutes=number)
    given = {"since": NOW - timedelta(minutes=5), "since_from": "condition Progressing"} | more
    return finding(
        f"shop/m-{1000 - number:04}", Outcome.PASS, message="is rolled out", transition_until=until, **given
    )


def test_what_is_in_transition_is_all_there() -> None:
    """Also what one requirement shows only folded; each change once, with all that see it; next to end, first."""
    failing = [finding(f"shop/api-{n}") for n in range(STATIC + 3)]
    shown = Page(
        render(result([item(1, [*failing, moving(9), moving(2)]), item(2, [moving(2)]), item(3, passed=1)]))
    )
    section = shown.text.split("In transition, within the limit")[1].split("Every requirement")[0]
    rows = [" ".join(line.split()) for line in section.splitlines() if "SH-" in line]
    since = "2026-06-15 11:55:00 UTC (5m ago), condition Progressing"
    assert section.startswith(" (2)")
    assert [
        f"SH-001 SH-002 pod shop/m-0998is rolled out{since}2026-06-15 12:02:00 UTC",
        f"SH-001 pod shop/m-0991is rolled out{since}2026-06-15 12:09:00 UTC",
    ] == rows
    assert "more in transition" not in section


def test_a_long_list_of_transitions_is_folded_with_its_count() -> None:
    """A thousand pods that roll out: the first ten to end in the page, all others in its data."""
    page = Page(render(result([item(1, [moving(n) for n in range(1000)])])))
    rows = json.loads(page.scripts[0])["transitions"]
    assert "In transition, within the limit (1000)" in " ".join(page.text.split())
    assert f"Show {1000 - MOVING} more in transition" in page.text
    assert [f"pod shop/m-{1000 - n:04}" for n in range(MOVING, 1000)] == [cells[1] for cells in rows]
    assert ["SH-001", "pod shop/m-0990", "is rolled out"] == rows[0][:3]
    assert page.names().count("tr") < 100


def test_transitions_come_before_what_is_merely_kept() -> None:
    """Among the rows of all requirements, and among the findings of one."""
    waived = finding("shop/w", Outcome.WAIVED)
    page = Page(
        render(result([item(1, passed=2), item(2, [moving(1)], passed=2), item(3, [moving(2), waived])]))
    )
    order = [attributes["id"] for tag, attributes in page.tags if tag == "details"]
    assert ["shop/live/SH-003", "shop/live/SH-002", "shop/live/SH-001"] == order
    rows = " ".join(page.text.split("Every requirement")[1].split())
    assert "1 in transition" in rows and rows.index("shop/w") < rows.index("shop/m-0998")


def test_no_low_failure_comes_before_a_critical_question() -> None:
    """In the list of every requirement, too."""
    low = [item(n, [finding(level=Level.LOW)], level=Level.LOW) for n in range(100, 200)]
    rows = [*low, item(1, [finding(outcome=Outcome.UNKNOWN)]), item(2, [finding()]), item(3, passed=1)]

    page = Page(render(result(rows)))

    order = [(one["id"] or "").rpartition("/")[2] for tag, one in page.tags if tag == "details"]
    assert ["SH-002", "SH-001", "SH-100"] == order[:3]
    assert "SH-003" == order[-1]


def test_a_low_failure_hides_no_critical_question_of_its_own_requirement() -> None:
    """Neither on the first screen nor in the requirement's own table, of which only the first entries are there."""
    low = [finding(f"shop/n-{n}", level=Level.LOW, message=f"{n} % used") for n in range(100)]
    dark = finding("shop/dark", Outcome.UNKNOWN, message="refused")

    page = Page(render(result([item(1, [*low, dark])]))).text

    first, _, rest = page.partition("Every requirement")
    assert "pod shop/dark: undecided: refused" in first
    assert "and 98 more" in first
    assert "pod shop/dark" in rest


def test_attempts_of_waiting_are_told_with_the_answers_that_count() -> None:
    """A failure that was final is decided on answers before the last: those are its evidence."""
    final = item(1, [finding()], attempts=4, decided_on={"aa11": 2}, asks=("aa11", "bb22"))
    page = Page(render(result([final, item(2, passed=1, asks=("cc33",))]))).text

    assert "health/pods-ready was asked 4 times (--wait), and decided by answers before the last" in page
    assert 1 == page.count("Asked again")
    assert ["facts/aa11.2.json.gz", "facts/bb22.json.gz", "facts/cc33.json.gz"] == sorted(
        re.findall(r"facts/\S+", page)
    )


def test_the_chart_says_the_counts_to_all() -> None:
    """A picture with a title and its numbers in words; it needs neither script nor network."""
    page = Page(render(result([item(1, [finding()]), item(2, passed=1), item(3, passed=1)])))
    (svg,) = (attributes for tag, attributes in page.tags if tag == "svg")
    assert ("img", "chart-title chart-text") == (svg["role"], svg["aria-labelledby"])
    assert {"chart-title", "chart-text"} <= {attributes.get("id") for _, attributes in page.tags}
    assert "Outcomes by severity" in page.text
    assert "critical: 1 fail, 2 pass; high: none; medium: none; low: none" in page.text
    rects = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert [("fail", "16.0%", "28.0%"), ("pass", "44.0%", "56.0%")] == [
        (one["class"], one["x"], one["width"]) for one in rects
    ]


def one_of(text: str, start: str, end: str) -> str:
    return " ".join(text.split(start)[1].split(end)[0].split())


def test_what_is_equal_is_one_entry_with_a_count() -> None:
    """Ten thousand pods of which the same is said: one row, three names, the others in the page's data."""
    text = render(result([item(1, [finding(f"shop/api-{n}") for n in range(10_000)])]))
    page = Page(text)
    (names,) = json.loads(page.scripts[0]).values()
    shown = re.findall(r"pod shop/api-\d+", one_of(page.text, "Every requirement", "Provenance"))
    assert {f"pod shop/api-{n}" for n in range(10_000)} == {*names, *shown}
    assert "10000 subjects:" in page.text
    assert len(text) < 400_000


@pytest.mark.parametrize(
    "other", [{"level": Level.LOW}, {"outcome": Outcome.UNKNOWN}, {"message": "gone"}, {"waiver": "w1"}]
)
def test_what_differs_is_not_one_entry(other: dict[str, Any]) -> None:
    """A low failure and a critical one, a failure and a question, with the same words."""
    page = Page(render(result([item(1, [finding("shop/a"), finding("shop/b", **other)])])))
    assert (
        "2 subjects"
        not in page.text.split("Every requirement")[1].split("Without automation")[0].split("Outcome")[1]
    )


def test_folded_entries_are_counted_by_their_subjects() -> None:
    """Entries of two subjects each: what is folded away is told in subjects."""
    twins = [finding(f"shop/{side}-{n}", message=f"{n} restarts") for n in range(STATIC + 5) for side in "ab"]
    assert "Show 10 more subjects" in Page(render(result([item(1, twins)]))).text


def test_what_nobody_knows_stands_first_with_what_to_do() -> None:
    """A critical UNKNOWN is one of the things to act on, before what is known to be broken."""
    cause: dict[str, Any] = {"cause": "Unreachable: prom", "failure": "Unreachable", "target": "prom"}
    page = Page(render(result([
        item(1, [finding()]),
        item(2, [finding("q", Outcome.UNKNOWN, message="connection refused", **cause)]),
        item(3, [finding("shop/x", Outcome.UNKNOWN, message="it tells nothing")]),
    ])))  # fmt: skip
    told = one_of(page.text, "Act now", "Every requirement")
    order = ["prom: connection refused", "see whether the server is down", "SH-003", "look by hand", "SH-001"]
    assert sorted(order, key=told.index) == order
    assert 1 == told.count("connection refused")


def test_a_pass_opens_to_who_passed() -> None:
    """Some names in the page, others in its data, all in the run's file."""
    one = item(1, passed=5)
    page = Page(render(result([one]), {"shop/live/SH-001": [f"pod shop/p-{n}" for n in range(5)]}))
    told = one_of(page.text, "Every requirement", "Evidence")
    assert "5: pod shop/p-0, pod shop/p-1, pod shop/p-2 Show 2 more all in passing.jsonl.gz" in told
    assert {"shop/live/SH-001#passed": ["pod shop/p-3", "pod shop/p-4"]} == json.loads(page.scripts[0])


def test_a_row_names_the_runbook_and_links_to_it() -> None:
    page = Page(render(result([item(1, passed=1)])))
    links = [
        one for tag, one in page.tags if tag == "a" and one.get("href") == "https://wiki.example.com/shop"
    ]
    assert [{"href": "https://wiki.example.com/shop", "rel": "noreferrer"}] == links
    assert "Running the shop, lines 3" in " ".join(page.text.split())


def test_no_source_becomes_a_link_that_runs() -> None:
    """Only the web's addresses are links."""
    found = result([item(1, passed=1)])
    (system,) = found.systems
    bad = msgspec.structs.replace(system, source="javascript:alert(1)")
    page = Page(render(msgspec.structs.replace(found, systems=(bad,))))
    assert not [one for tag, one in page.tags if "javascript:" in (one.get("href") or "")]
    assert "javascript:alert(1)" in page.text


def test_rows_without_automation_are_listed() -> None:
    page = Page(render(result([item(1, passed=1)])))
    told = one_of(page.text, "a person has to.", "Servers that were asked")
    assert "SH-800shopA person reads the minuteslowmonthly" in told


def test_the_first_screen_explains_its_words() -> None:
    first = " ".join(Page(render(result([item(1, passed=1)]))).text.split("Every requirement")[0].split())
    assert "unknown, undecided: no verdict" in first
    assert "the runbook does not state them" in first
    assert "criteria" not in first
