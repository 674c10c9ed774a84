"""Waivers, declarations and quiet hours: what is excepted, for whom, until when, and what stays visible."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.judge.waivers import use, waived
from opsproof.model.finding import Finding, ItemResult
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.requirement import QuietHours, Waiver
from opsproof.model.result import Result, WaiverUse
from opsproof.model.subject import Subject
from tests.hooks.inside import Inside

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
FAIL, UNKNOWN, WAIVED = Outcome.FAIL, Outcome.UNKNOWN, Outcome.WAIVED
WAIVER = Waiver(
    requirement="SH-001", subject="pod/shop/batch-*", environment="production", reason="being replaced",
    requested_by="ann", approved_by="bob", begins=NOW - DAY, until=NOW + DAY,
)  # fmt: skip


def finding(name: str, outcome: Outcome = FAIL, level: Level = Level.HIGH) -> Finding:
    return Finding(
        subject=Subject("pod", name, "shop"), outcome=outcome, raw=outcome, level=level, message="m"
    )


def item(*findings: Finding, passed: int = 0, **more: Any) -> ItemResult:
    given = {"requirement": "SH-001", "system": "shop", "environment": "production", "check": "c"} | more
    return ItemResult(**given, outcome=FAIL, level=Level.HIGH, findings=findings, passed=passed)


def outcomes(result: ItemResult) -> list[tuple[Outcome, Outcome]]:
    return [(one.outcome, one.raw) for one in result.findings]


def test_a_covered_failure_is_waived_and_its_raw_outcome_kept() -> None:
    """Subject by pattern; the others stay as they are, and decide the item."""
    result = waived(item(finding("batch-1"), finding("api-1", level=Level.LOW)), [WAIVER], NOW)
    assert outcomes(result) == [(WAIVED, FAIL), (FAIL, FAIL)]
    assert (result.outcome, result.level) == (FAIL, Level.LOW)
    assert result.findings[0].waiver
    assert not result.findings[1].waiver


def test_an_item_of_waived_subjects_alone_is_waived() -> None:
    """WAIVED is worse than PASS, so that it stays visible beside subjects that pass."""
    assert waived(item(finding("batch-1"), passed=5), [WAIVER], NOW).outcome is WAIVED


@pytest.mark.parametrize(
    "other",
    [
        replace(WAIVER, requirement="SH-002"),
        replace(WAIVER, environment="staging"),
        replace(WAIVER, subject="pod/shop/api-*"),
        replace(WAIVER, subject="batch-*"),
        replace(WAIVER, subject="POD/shop/batch-*"),
        replace(WAIVER, begins=NOW + timedelta(seconds=1), until=NOW + DAY),
        replace(WAIVER, begins=NOW - DAY, until=NOW),
    ],
    ids=["requirement", "environment", "subject", "half a subject", "case", "not yet", "expired"],
)  # fmt: skip
def test_it_covers_its_requirement_subject_environment_and_time_only(other: Waiver) -> None:
    """One difference in any of them, and the failure stands."""
    result = waived(item(finding("batch-1")), [other], NOW)
    assert (result.outcome, outcomes(result)) == (FAIL, [(FAIL, FAIL)])


def test_every_environment_is_a_star() -> None:
    assert waived(item(finding("batch-1")), [replace(WAIVER, environment="*")], NOW).outcome is WAIVED


def test_it_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    """From is part of it, until is not; whatever zone they were written in."""
    berlin = timezone(timedelta(hours=2))
    exact = replace(WAIVER, begins=NOW.astimezone(berlin), until=(NOW + DAY).astimezone(berlin))
    assert waived(item(finding("batch-1")), [exact], NOW).outcome is WAIVED
    assert waived(item(finding("batch-1")), [exact], NOW + DAY).outcome is FAIL
    assert waived(item(finding("batch-1")), [exact], NOW - timedelta(microseconds=1)).outcome is FAIL


def test_unknown_is_covered_only_when_it_says_so() -> None:
    """Not knowing is no accepted risk by itself."""
    undecided = item(finding("batch-1", UNKNOWN))
    assert waived(undecided, [WAIVER], NOW).outcome is UNKNOWN
    assert waived(undecided, [replace(WAIVER, covers=(UNKNOWN,))], NOW).outcome is WAIVED
    assert waived(item(finding("batch-1")), [replace(WAIVER, covers=(UNKNOWN,))], NOW).outcome is FAIL
    both = replace(WAIVER, covers=(FAIL, UNKNOWN))
    assert waived(item(finding("batch-1"), finding("batch-2", UNKNOWN)), [both], NOW).outcome is WAIVED


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["batch-1", "api-1"]), st.sampled_from([FAIL, UNKNOWN, Outcome.NOT_APPLICABLE])
        )
    )
)
def test_a_waiver_changes_what_it_covers_and_nothing_else(found: list[tuple[str, Outcome]]) -> None:
    """Same findings, same order, same raw outcomes; only covered ones are WAIVED."""
    before = item(*(finding(name, outcome) for name, outcome in found))
    after = waived(before, [WAIVER], NOW)
    assert [one.raw for one in after.findings] == [outcome for _, outcome in found]
    expected = [WAIVED if one == ("batch-1", FAIL) else one[1] for one in found]
    assert [one.outcome for one in after.findings] == expected


@pytest.mark.parametrize(
    ("waiver", "states"),
    [
        (WAIVER, ()),
        (replace(WAIVER, until=NOW), ("expired",)),
        (replace(WAIVER, begins=NOW + timedelta(hours=1)), ("not yet in force",)),
        (replace(WAIVER, until=NOW + timedelta(days=400)), ("over-long",)),
        (replace(WAIVER, requested_by=" Bob"), ("self-approved",)),
        (
            replace(WAIVER, begins=NOW - timedelta(days=400), until=NOW - DAY, requested_by="bob"),
            ("expired", "over-long", "self-approved"),
        ),
    ],
)
def test_what_is_wrong_with_a_waiver_is_reported(waiver: Waiver, states: tuple[str, ...]) -> None:
    assert use(waiver, "shop", NOW).states == states


# -- in a run ------------------------------------------------------------------------------------------


def waiver_yaml(subject: str, until: datetime, **more: str) -> str:
    given = {
        "requirement": "SH-002",
        "environment": "production",
        "requested_by": "ann",
        "approved_by": "bob",
    } | more
    lines = [f"    {key}: {value}" for key, value in given.items()]
    begins = until - timedelta(days=10)
    return "\n".join(
        [
            f'  - subject: "{subject}"',
            "    reason: the cart is being rebuilt",
            f"    from: {begins:%Y-%m-%dT%H:%M:%S}Z",
            f"    until: {until:%Y-%m-%dT%H:%M:%S}Z",
            *lines,
        ]
    )


def states(result: Result) -> dict[str, WaiverUse]:
    return {one.subject: one for one in result.waivers}


def test_a_run_shows_each_waiver_and_what_became_of_it(inside: Inside) -> None:
    """Used, unused, expired, self-approved; the gate opens, JUnit says skipped, the raw FAIL is kept."""
    inside.shop.statuses["/cart"] = 404
    now = datetime.now(timezone.utc).replace(microsecond=0)
    waivers = [
        waiver_yaml("endpoint/*/cart", now + DAY),
        waiver_yaml("endpoint/*/nothing", now + DAY, requested_by="bob"),
        waiver_yaml("endpoint/*/cart*", now - DAY),
        waiver_yaml("endpoint/*", now + DAY, environment="'*'", requirement="SH-003"),
    ]
    inside.team.write("checks/systems/shop/waivers.yaml", "waivers:\n" + "\n".join(waivers) + "\n")

    done = inside.run("checks", "-m", "daily")

    assert done.ret == 0, done.stdout.str() + done.stderr.str()
    assert inside.outcomes == {"SH-001": "pass", "SH-002": "waived"}
    result = inside.result
    (cart,) = [one for one in result.requirements[1].items[0].findings if one.waiver]
    assert (cart.outcome, cart.raw, cart.measured.text) == (WAIVED, FAIL, "404")
    found = {subject: (one.states, one.uses) for subject, one in states(result).items()}
    assert found == {
        "endpoint/*/cart": (("used",), 1),
        "endpoint/*/nothing": (("unused", "self-approved"), 0),
        "endpoint/*/cart*": (("unused", "expired"), 0),
        "endpoint/*": (("unused",), 0),
    }
    for part in ("WAIVERS", "used until", "unused, expired", "self-approved", "the cart is being rebuilt"):
        assert part in " ".join(done.stdout.str().split())
    tree = ElementTree.parse(inside.team.latest.folder / "junit.xml")
    (case,) = tree.findall(".//testcase/skipped/..")
    assert case.get("name") == "SH-002 The cart answers"
    report = (inside.team.latest.folder / "report.html").read_text()
    assert "<b>unused, expired</b>" in report


def test_a_waiver_does_not_cover_what_could_not_be_asked(inside: Inside) -> None:
    """No target: UNKNOWN, however broad the waiver, unless it covers unknown."""
    now = datetime.now(timezone.utc)
    inside.team.write(
        "checks/systems/shop/environments/production.yaml",
        "environment: production\nnames: {base: 'http://x'}\n",
    )
    broad = "waivers:\n" + waiver_yaml("*", now + DAY)
    inside.team.write("checks/systems/shop/waivers.yaml", broad + "\n")
    assert inside.run("checks", "-k", "SH-002").ret == 1
    assert inside.outcomes == {"SH-002": "unknown"}
    inside.team.write("checks/systems/shop/waivers.yaml", broad + "\n    covers: [fail, unknown]\n")
    assert inside.run("checks", "-k", "SH-002").ret == 0
    assert inside.outcomes == {"SH-002": "waived"}


def declared(until: str) -> str:
    return (
        "not_applicable:\n  - {requirement: SH-002, reason: this shop has no cart, declared_by: ann,\n"
        f"     until: {until}}}\n"
    )


def test_what_is_declared_not_applicable_is_not_asked(inside: Inside) -> None:
    """It says who, why and until when; nobody is asked for it, and the gate stays open."""
    inside.shop.statuses["/cart"] = 404
    inside.team.environment("production", inside.shop.url, declared("2099-01-31T00:00:00Z"))

    done = inside.run("checks", "-m", "daily")

    assert done.ret == 0, done.stdout.str()
    assert inside.outcomes == {"SH-001": "pass", "SH-002": "not_applicable"}
    assert "GET /cart" not in inside.shop.seen
    (found,) = inside.result.requirements[1].items[0].findings
    assert found.message == "this shop has no cart (declared by ann, until 2099-01-31)"


def test_a_declaration_ends(inside: Inside) -> None:
    """After its last day the requirement is decided again."""
    inside.shop.statuses["/cart"] = 404
    inside.team.environment("production", inside.shop.url, declared("2024-01-31T00:00:00Z"))
    assert inside.run("checks", "-m", "daily").ret == 1
    assert inside.outcomes["SH-002"] == "fail"


# -- quiet hours ---------------------------------------------------------------------------------------

NIGHTS = QuietHours((4, 5), time(22), time(6), "Europe/Berlin", "the office is closed")


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-06-19T19:59+00:00", False),  # Friday 21:59 in Berlin
        ("2026-06-19T20:00+00:00", True),  # Friday 22:00
        ("2026-06-20T03:59+00:00", True),  # Saturday 05:59, begun on Friday
        ("2026-06-20T04:00+00:00", False),
        ("2026-06-21T03:00+00:00", True),  # Sunday 05:00, begun on Saturday
        ("2026-06-21T21:00+00:00", False),  # Sunday 23:00
        ("2026-12-18T20:30+00:00", False),  # Friday 21:30 in winter
        ("2026-12-18T21:00+00:00", True),
    ],
)
def test_quiet_hours_run_past_midnight_in_their_own_zone(moment: str, quiet: bool) -> None:
    """The days are those on which they begin; summer time is the zone's own."""
    assert NIGHTS.includes(datetime.fromisoformat(moment)) is quiet


@pytest.mark.parametrize(("hour", "quiet"), [(8, False), (9, True), (16, True), (17, False)])
def test_quiet_hours_within_a_day(hour: int, quiet: bool) -> None:
    hours = QuietHours(tuple(range(7)), time(9), time(17), "UTC", "r")
    assert hours.includes(datetime(2026, 6, 15, hour, tzinfo=timezone.utc)) is quiet


@pytest.mark.parametrize(("zone", "outcome"), [("UTC", "not_applicable"), (None, "unknown")])
def test_a_check_learns_of_quiet_hours(inside: Inside, zone: str | None, outcome: str) -> None:
    """Nothing to measure is NOT APPLICABLE in declared quiet hours with their reason, and UNKNOWN outside of them."""
    check = inside.team.folder / "checks" / "shop" / "check_pages.py"
    check.write_text(
        check.read_text()
        .replace("import HIGH,", "import HIGH, NotApplicable, Undecided,")
        .replace(
            "        probe = page",
            "        with examine(page):\n"
            "            raise NotApplicable(examine.quiet) if examine.quiet else Undecided('no traffic')\n"
            "        continue\n        probe = page",
        )
    )
    days = "days: [mon, tue, wed, thu, fri, sat, sun], reason: closed"
    halves = [
        f'  - {{{days}, from: "{a}", until: "{b}", zone: {zone}}}\n'
        for a, b in (("00:00", "12:00"), ("12:00", "00:00"))
    ]
    inside.team.environment("production", inside.shop.url, "quiet_hours:\n" + "".join(halves) if zone else "")

    inside.run("checks", "-k", "SH-001")

    assert inside.outcomes == {"SH-001": outcome}
    (found,) = inside.result.requirements[0].items[0].findings
    assert found.message == ("closed" if zone else "no traffic")
