"""The terminal's summary, for a tired person at 80 columns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import Result, WaiverUse
from opsproof.model.words import warned
from opsproof.report.terminal import Line, lines
from tests.hooks.team import Shop, Team
from tests.report.results import NOW, finding, item, result


def text(found: Result, **more: int) -> str:
    return "\n".join(line.text for line in lines(found, **more))


def long(found: Result, width: int) -> list[str]:
    """Lines that are wider than they may be, but for those that hold nothing but one unbreakable word."""
    return [
        line.text
        for line in lines(found, width=width)
        if len(line.text) > width and len(line.text.split()) > 1 and not _one_word(line.text, width)
    ]


def _one_word(line: str, width: int) -> bool:
    """The first word alone, behind the margin, would not fit."""
    margin = len(line) - len(line.lstrip())
    return margin + len(line.split()[0]) > width


def full() -> Result:
    """Something of everything."""
    words = (
        "a message that is longer than a line of the terminal, because servers like to explain themselves "
        * 2
    )
    moving = finding(
        "shop/api-9", Outcome.PASS, message="rolling out", transition_until=NOW + timedelta(minutes=4)
    )
    cause = "Unreachable: prometheus:https://prometheus.shop.example.com:9090/a/long/path: connection refused"
    waiver = WaiverUse(
        id="1", requirement="SH-004", subject="pod/shop/batch-*", environment="live", reason=words, approved_by="bob",
        until=NOW, states=("unused", "expired"),
    )  # fmt: skip
    since = NOW - timedelta(hours=2)
    return result(
        [
            item(
                1,
                [
                    finding(f"shop/api-{n}", message=words, measured="3", limit="at most 0", since=since)
                    for n in range(9)
                ],
            ),
            item(2, [finding(f"query-{n}", Outcome.UNKNOWN, message=words, cause=cause) for n in range(3)]),
            item(3, [moving], passed=3),
            item(4, [finding("shop/batch-1", Outcome.WAIVED)]),
            item(5, [finding("shop/x", Outcome.UNKNOWN, message=words)]),
        ],
        says=words,
        respond=words,
        waivers=[waiver],
        missing=1,
    )


@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    """At 80 columns and others."""
    assert long(full(), width) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_whatever_a_server_says(words: list[str]) -> None:
    """Any text: no wider than the terminal, and no character that steers it."""
    said = " ".join(words)
    found = result([item(1, [finding(said, message=said, measured=said)])], says=said)
    assert long(found, 80) == []
    assert all(line.text.isprintable() for line in lines(found))


def test_the_worst_comes_first() -> None:
    """By severity, then requirement; then the undecided, what moves, waivers, counts, gate."""
    low = item(2, [finding(level=Level.LOW)], level=Level.LOW)
    shown = text(result([low, item(1, [finding()])]))
    places = [
        shown.index(word)
        for word in (
            "CRITICAL: 1 requirement not kept",
            "SH-001",
            "LOW: 1 requirement",
            "SH-002",
            "GATE CLOSED",
        )
    ]
    assert places == sorted(places)
    order = [
        "CRITICAL",
        "UNKNOWN",
        "IN TRANSITION",
        "WAIVERS",
        "LIVE: shop/live",
        "in the runbooks",
        "GATE CLOSED",
    ]
    shown = text(full())
    assert [shown.index(word) for word in order] == sorted(shown.index(word) for word in order)


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_no_low_failure_comes_before_a_critical_question(verbosity: int) -> None:
    """By level, and within one what is not kept before what nobody knows; -q too."""
    low = [item(n, [finding(level=Level.LOW)], level=Level.LOW) for n in range(100, 200)]
    dark = finding("q", Outcome.UNKNOWN, message="refused", cause="Unreachable: prom:x", target="prom:x")
    high = item(3, [finding("x", Outcome.UNKNOWN, level=Level.HIGH)], level=Level.HIGH)
    broken = [item(4, [finding(level=Level.HIGH)], level=Level.HIGH), item(5, [finding()])]

    shown = text(
        result([*low, item(1, [dark]), item(2, [finding("y", Outcome.UNKNOWN)]), high, *broken]),
        verbosity=verbosity,
    )
    places = [
        shown.index(one) for one in ("SH-005", "SH-001", "SH-002", "SH-004", "SH-003", "SH-100", "SH-199")
    ]

    assert sorted(places) == places


def test_a_low_failure_hides_no_critical_question_of_its_own_requirement() -> None:
    """Of a hundred subjects a few are shown."""
    low = [finding(f"shop/n-{n}", level=Level.LOW, message=f"{n} % used") for n in range(100)]

    shown = text(result([item(1, [*low, finding("shop/dark", Outcome.UNKNOWN, message="refused")])]))

    assert "pod shop/dark: undecided: refused" in shown


def test_undecided_requirements_are_counted_by_level() -> None:
    """A cause counts at its worst level, with all that it leaves undecided."""
    cause = "Unreachable: prom:x"
    critical = item(1, [finding("q", Outcome.UNKNOWN, cause=cause)])
    medium = item(2, [finding("r", Outcome.UNKNOWN, cause=cause, level=Level.MEDIUM)], level=Level.MEDIUM)
    alone = item(3, [finding("s", Outcome.UNKNOWN, level=Level.MEDIUM)], level=Level.MEDIUM)

    shown = text(result([critical, medium, alone]))

    assert "CRITICAL, UNKNOWN: 2 requirements could not be decided" in shown
    assert "MEDIUM, UNKNOWN: 1 requirement could not be decided" in shown
    assert 2 == shown.count("UNKNOWN: ")


def test_an_entry_has_all_that_is_needed_to_act() -> None:
    """Level, label and response time, requirement and check, subject, measured and needed, since, first step."""
    one = finding(
        measured="3", limit="at most 0", since=NOW - timedelta(hours=2), since_from="condition Ready"
    )
    shown = " ".join(text(result([item(1, [one])])).split())
    for part in ("CRITICAL", "[P1, respond: 15 min]", "SH-001", "(health/pods-ready)", "pod shop/api-1: not ready",
                 "measured 3, needed at most 0", "since 2026-06-15 10:00Z (2h ago, condition Ready)",
                 "first step (SH-990): Look at the events"):  # fmt: skip
        assert part in shown, part


def test_one_cause_is_one_entry() -> None:
    """Seventy requirements without Prometheus: its message once, with their number and ids."""
    cause = "Unreachable: prometheus:http://p: connection refused"
    found = result(
        [
            item(
                n,
                [
                    finding(
                        "q",
                        Outcome.UNKNOWN,
                        message="connection refused",
                        cause=cause,
                        target="prometheus:http://p",
                    )
                ],
            )
            for n in range(70)
        ]
    )
    shown = text(found)
    assert shown.count("prometheus:http://p: connection refused") == 1
    assert "leaves 70 requirements undecided" in " ".join(shown.split())
    assert shown.count("SH-") == 12
    assert text(found, verbosity=1).count("SH-") == 70
    assert len(found.causes) == 1


def test_long_lists_are_folded_with_their_count() -> None:
    """Five subjects, then how many more; -v shows all."""
    found = result([item(1, [finding(f"shop/api-{n}") for n in range(40)])])
    assert text(found).count("shop/api-") == 5
    assert "... and 35 more (-v shows all)" in text(found)
    assert text(found, verbosity=1).count("shop/api-") == 40
    assert "more (-v" not in text(found, verbosity=1)


def test_quiet_is_a_line_for_each_finding() -> None:
    """-q: whatever a message's length; what passes, or is in transition, has none."""
    shown = text(full(), verbosity=-1).splitlines()
    assert [line.split()[:3] for line in shown if " SH-" in line] == [
        *[["critical", "FAIL", "SH-001"]] * 9,
        *[["critical", "UNKNOWN", "SH-002"]] * 3,
        ["critical", "UNKNOWN", "SH-005"],
        ["critical", "UNKNOWN", "SH-900"],
        ["critical", "WAIVED", "SH-004"],
    ]
    assert any(line.startswith("GATE CLOSED at low: 1 failed, 2 undecided, 1 incomplete") for line in shown)
    assert any(line.startswith("7 requirements in the runbooks, 6 automated, 6 selected") for line in shown)


def test_quieter_is_the_gate_alone() -> None:
    """-qq."""
    shown = text(full(), verbosity=-2)
    assert shown.startswith("GATE CLOSED at low: 1 failed") and "SH-" not in shown and "report" not in shown


def test_the_mode_is_never_left_out() -> None:
    for mode in ("live", "replay", "what-if", "demo"):
        assert mode.upper() in text(result([item(1, passed=1)], mode=mode), verbosity=-1)


def test_what_is_equal_is_one_entry_with_a_count() -> None:
    """Twelve pods of which the same is said: once, with their number, names, and the longest time."""
    pods = [finding(f"shop/api-{n}", since=NOW - timedelta(minutes=n + 1)) for n in range(12)]
    shown = " ".join(text(result([item(1, pods)])).split())
    assert 1 == shown.count("not ready")
    assert (
        "12 subjects: not ready | the oldest since 2026-06-15 11:48Z (12m ago) pod shop/api-0, pod" in shown
    )


def test_what_differs_is_not_grouped() -> None:
    """Another measure is another entry."""
    pods = [finding(f"shop/api-{n}", measured=str(n)) for n in range(3)]
    assert 3 == text(result([item(1, pods)])).count("not ready")


def test_what_could_not_be_decided_says_what_to_do() -> None:
    """By the kind of the failure; the server is named once, also where the message names it."""
    one = finding(
        "q", Outcome.UNKNOWN, message="prom:x refuses", cause="Forbidden: prom:x: prom:x refuses",
        failure="Forbidden", target="prom:x",
    )  # fmt: skip
    shown = " ".join(text(result([item(1, [one])])).split())
    assert "to do: grant the permission that is named" in shown
    assert 1 == shown.count("prom:x")


def test_undecided_without_a_cause_has_the_runbooks_first_step() -> None:
    shown = " ".join(text(result([item(1, [finding(outcome=Outcome.UNKNOWN)])])).split())
    assert "first step (SH-990): Look at the events" in shown


@pytest.mark.parametrize(
    ("warning", "instead", "told"),
    [
        ("it may be wrong.", "", "WARNING: it may be wrong."),
        ("it may be wrong", "ask", "WARNING: it may be wrong. Instead: ask"),
        ("", "ask", "Instead: ask"),
    ],
)
def test_a_warning_says_only_what_there_is(warning: str, instead: str, told: str) -> None:
    """No empty "Instead:"."""
    assert told == warned(warning, instead)


def test_the_closing_is_in_plain_words() -> None:
    """No word that only the authors know: how many rows nothing looks at, and whose the limits are."""
    shown = " ".join(text(result([item(1, passed=1)])).split())
    assert "1 row is not automated: no check looks there" in shown
    assert "1 of 2 levels and limits are defaults: the runbook does not state them" in shown
    assert not any(word in shown for word in ("criteria", "inferred", "in part"))


def test_a_line_is_one_line_and_steers_nothing() -> None:
    """Whatever it is made of: a server's text forges no line."""
    assert "a GATE OPEN \ufffd[31m" == Line("a\nGATE OPEN \x1b[31m").text


# -- in a run ------------------------------------------------------------------------------------------


def own_part(output: str) -> list[str]:
    shown = output.splitlines()
    return shown[next(n for n, line in enumerate(shown) if " opsproof ==" in line) :]


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("-v",)])
def test_a_real_run_fits_80_columns(team: Team, shop: Shop, words: tuple[str, ...]) -> None:
    """What the plugin prints in a process of its own, where only paths are unbreakable."""
    shop.statuses["/front"] = 500
    done = team.run("checks", *words)
    wide = [line for line in own_part(done.stdout) if len(line) > 80 and not line.startswith("report: ")]
    assert wide == []


@pytest.mark.slow
def test_colours_are_those_of_the_terminal(team: Team, shop: Shop) -> None:
    """Colour where it is wanted; NO_COLOR is respected; a pipe gets none."""
    shop.statuses["/front"] = 500
    plain = team.run("checks")
    assert "\x1b[" not in plain.stdout
    coloured = team.run("checks", env={"NO_COLOR": "", "FORCE_COLOR": "1"})
    assert "\x1b[31m\x1b[1mGATE CLOSED" in coloured.stdout
    assert "\x1b[" not in team.run("checks", env={"FORCE_COLOR": "1"}).stdout
