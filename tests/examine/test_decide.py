"""What an item comes to: FAIL before UNKNOWN, nothing is never a pass, a crash decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

import pytest

from opsproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    AtMost,
    Clock,
    Duration,
    Limits,
    Listing,
    Percent,
    Scoped,
    check,
)
from opsproof.examine.check import Check
from opsproof.examine.decide import Item, decide
from opsproof.examine.examination import Examination
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Forbidden, NotApplicable, Undecided
from opsproof.model.finding import ItemResult
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace

NOW = datetime(2026, 11, 21, 9, tzinfo=timezone.utc)


class Things(Ask, frozen=True, kw_only=True, tag="test/things"):
    name: str = ""


class FromTest:
    """A source whose answer the test gives."""

    def asks(self, context: Any) -> tuple[Ask, ...]:
        return (Things(target="t"),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Any) -> Any:
        return answers[0].value()


class NoContext:
    limits = Limits()


def made(body: Callable[..., None]) -> Check:
    def check_it(things: Annotated[Any, FromTest()], examine: Any) -> None:
        body(things, examine)

    return check("test/it", title="It holds", level=MEDIUM)(check_it)


def decided(
    body: Callable[[Any, Examination], None] | Check,
    facts: Any = (),
    failure: Failure | None = None,
    **more: Any,
) -> ItemResult:
    one = body if isinstance(body, Check) else made(body)
    ask = Things(target="t")
    item = Item(
        requirement="T-1", system="t", environment="e", check=one, level=HIGH,
        context=NoContext(), asks={"things": (ask,)}, **{"limits": Limits(), **more},  # type: ignore[arg-type]
    )  # fmt: skip
    return decide(item, lambda asked: Answer(asked, facts, failure, Clock(NOW)))


@pytest.mark.parametrize(("measures", "kept"), [("", []), ("weight", [("a", 3.0, 9.0), ("b", 4.0, 9.0)])])
def test_what_passes_is_measured_where_the_check_says_what_it_measures(
    measures: str, kept: list[tuple[str, float, float]]
) -> None:
    """A hundred thousand pods that pass cost nothing; the few ages that a report draws stay."""

    def body(things: Annotated[Any, FromTest()], examine: Any) -> None:
        for name, value in things:
            with examine(name, limit=AtMost.parse("9s", Duration)) as it:
                it.holds(AtMost.parse("9s", Duration), Duration(value))

    one = check("test/it", title="It holds", level=MEDIUM, measures=measures)(body)
    found = decided(one, (("a", 3), ("b", 4), ("c", 10)))
    assert kept == [(one.subject.name, one.measured.value, one.limit.value) for one in found.measured]
    assert 2 == found.passed


def test_a_subject_that_holds_passes() -> None:
    """Passing subjects are counted, not listed."""

    def body(things: Any, examine: Examination) -> None:
        for thing in things:
            with examine(thing):
                assert thing

    result = decided(body, ["a", "b"])

    assert (Outcome.PASS, 2, ()) == (result.outcome, result.passed, result.findings)


def test_one_violation_outweighs_what_is_unknown_and_the_loop_goes_on() -> None:
    """FAIL > UNKNOWN > PASS; every subject is decided."""

    def body(things: Any, examine: Examination) -> None:
        for thing in things:
            with examine(thing):
                if thing == "crash":
                    raise RuntimeError("secret text")
                assert thing == "good", "not good"

    result = decided(body, ["crash", "bad", "good", "crash2"])

    assert Outcome.FAIL is result.outcome
    assert ["unknown", "fail", "fail"] == [finding.outcome.value for finding in result.findings]
    assert 1 == result.passed
    assert "secret text" not in str(result)
    assert "RuntimeError" in result.findings[0].message


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Undecided("why"), Outcome.UNKNOWN),
        (Forbidden("list pods is missing", target="k"), Outcome.UNKNOWN),
        (NotApplicable("quiet hours"), Outcome.NOT_APPLICABLE),
        (KeyError("x"), Outcome.UNKNOWN),
        (AssertionError("found 1, needed 2"), Outcome.FAIL),
    ],
)
def test_what_escapes_a_check(error: Exception, outcome: Outcome) -> None:
    """Raised inside or outside of a block: never a PASS, never a traceback."""

    def inside(things: Any, examine: Examination) -> None:
        with examine("it"):
            raise error

    def outside(things: Any, examine: Examination) -> None:
        raise error

    assert outcome is decided(inside).outcome
    assert outcome is decided(outside).outcome


@pytest.mark.parametrize(
    ("when_empty", "control", "outcome"),
    [
        ("fail", False, Outcome.FAIL),
        ("unknown", False, Outcome.UNKNOWN),
        ("not_applicable", False, Outcome.NOT_APPLICABLE),
        ("pass", False, Outcome.UNKNOWN),
        ("pass", True, Outcome.PASS),
    ],
)
def test_nothing_examined_is_what_the_row_says(when_empty: str, control: bool, outcome: Outcome) -> None:
    """Empty is good only beside a control query that answered."""

    def body(things: Any, examine: Examination) -> None:
        examine.exclude("a job's pod", "finished")
        examine.control(control)

    assert outcome is decided(body, when_empty=when_empty).outcome


def test_what_makes_emptiness_good_is_told() -> None:
    """By the control that answered; one that did not proves nothing."""

    def body(things: Any, examine: Examination) -> None:
        examine.control([], "the old scheduler runs")
        examine.control(["Watchdog"], "the alert that always fires is held")

    result = decided(body, when_empty="pass")

    assert (Outcome.PASS, ("nothing found, which is good: the alert that always fires is held",)) == (
        result.outcome,
        result.notes,
    )


def test_no_answer_is_unknown_with_its_cause() -> None:
    """A failed collection decides nothing, whatever the check would say."""
    failure = Failure("Unreachable", "connection refused", "kubernetes:x")

    result = decided(lambda things, examine: None, None, failure)

    assert Outcome.UNKNOWN is result.outcome
    assert "Unreachable: kubernetes:x" == result.findings[0].cause


def test_a_gap_is_one_unknown_and_hides_no_failure() -> None:
    """What was refused is undecided; what was seen is still judged."""
    gap = Failure("Forbidden", "list pods in namespace b", "k", in_namespace("b"))

    def body(things: Any, examine: Examination) -> None:
        for thing in things:
            with examine(thing):
                assert thing != "bad", "bad"

    facts = Listing(["good", "bad"], as_of=NOW, gaps=[gap])

    result = decided(body, facts)
    only_gap = decided(body, Listing(["good"], as_of=NOW, gaps=[gap]))

    assert Outcome.FAIL is result.outcome
    assert ["namespace b", " bad"] == [str(finding.subject) for finding in result.findings]
    assert Outcome.UNKNOWN is only_gap.outcome
    with pytest.raises(Forbidden):
        facts.within("b")


def test_grace_counts_from_the_condition_not_from_now() -> None:
    """Within its grace a change is in transition and passes; beyond it fails; without a time there is none."""

    def aged(since: datetime | None) -> ItemResult:
        def body(things: Any, examine: Examination) -> None:
            with examine("pod", since=Clock(NOW).moment(since), grace=Duration(300)):
                raise AssertionError("not ready")

        return decided(body)

    young, old, timeless = aged(NOW - timedelta(seconds=60)), aged(NOW - timedelta(seconds=300)), aged(None)

    assert young.findings[0].in_transition
    assert [Outcome.PASS, Outcome.FAIL, Outcome.FAIL] == [young.outcome, old.outcome, timeless.outcome]
    assert NOW + timedelta(seconds=240) == young.findings[0].transition_until


def test_a_broken_step_gives_its_level() -> None:
    """{medium: 80%, critical: 90%}: the worst step that is crossed."""
    steps = AtMost.parse({"medium": "80%", "critical": "90%"}, Percent)

    def at(value: float) -> ItemResult:
        def body(things: Any, examine: Examination) -> None:
            with examine("memory") as it:
                it.holds(steps, Percent(value), "too much")

        return decided(body)

    assert [MEDIUM, CRITICAL] == [at(0.85).level, at(0.95).level]
    assert Outcome.PASS is at(0.8).outcome
    assert "85 %" == at(0.85).findings[0].measured.text


def test_an_assertion_keeps_its_first_line_only() -> None:
    """pytest's rewriting appends reprs of facts: they stay out of reports."""

    def body(things: Any, examine: Examination) -> None:
        with examine("it", level=LOW):
            raise AssertionError("found 1\nassert <repr with data>")

    result = decided(body)

    assert "found 1" == result.findings[0].message
    assert LOW is result.level


def test_fingerprints_survive_a_restart_and_tell_requirements_apart() -> None:
    """The same workload's other pod has the same fingerprint; another requirement another one."""
    from opsproof.model.subject import Subject

    def body(name: str) -> Callable[[Any, Examination], None]:
        def check_pod(things: Any, examine: Examination) -> None:
            with examine(Subject("pod", name, "ns", key="deployment/api")):
                raise AssertionError("x")

        return check_pod

    first, second = decided(body("api-1")), decided(body("api-2"))

    assert first.findings[0].fingerprint == second.findings[0].fingerprint
    assert 16 == len(first.findings[0].fingerprint)


class Named(Limits):
    selector: Scoped[str] = ""
    other: Scoped[str] = "ours"


def test_nothing_examined_says_where_it_looked_and_what_was_set_aside() -> None:
    """A reader sees his own typing mistake; what the row does not say is left out."""
    empty: Listing[str] = Listing(as_of=NOW, looked=["namespace shop", "namespace jobs"])

    def body(things: Any, examine: Examination) -> None:
        for name in ("a", "b"):
            examine.exclude(name, "has fewer than 2 replicas")

    said = "nothing there to examine in namespace shop, namespace jobs, with selector app=api; "
    said += "not examined: 2 (has fewer than 2 replicas)"
    for when, text in (("unknown", said), ("fail", f"{said}; its absence breaks the requirement")):
        (finding,) = decided(body, empty, limits=Named(selector="app=api"), when_empty=when).findings
        assert text == finding.message


def test_what_a_listing_doubts_is_noted_once() -> None:
    doubtful: Listing[str] = Listing(["a"], as_of=NOW, doubts=["not proven that jobs exists"])

    def body(things: Any, examine: Examination) -> None:
        with examine("a"):
            pass

    assert ("not proven that jobs exists",) == decided(body, doubtful).notes


BEHIND = Clock(NOW - timedelta(hours=2), "kubernetes:shop", -7200.0)


@pytest.mark.parametrize(
    ("began", "outcome"),
    [(BEHIND.as_of - timedelta(seconds=60), Outcome.FAIL), (NOW - timedelta(seconds=60), Outcome.UNKNOWN)],
    ids=["overdue by our clock", "not overdue by any"],
)
def test_a_server_whose_clock_is_hours_back_excuses_nothing(began: datetime, outcome: Outcome) -> None:
    """A pod that is down for two hours is young by such a clock: it fails, or the skew is named."""

    def body(things: Any, examine: Examination) -> None:
        with examine("pod", since=BEHIND.moment(began, "condition Ready"), grace=Duration(300)):
            raise AssertionError("not ready")

    (finding,) = decided(body).findings

    assert outcome is finding.outcome
    assert (outcome is Outcome.UNKNOWN) == ("kubernetes:shop is 2h behind ours" in finding.message)
    assert finding.message.startswith("not ready")


class Slow(Things, frozen=True, kw_only=True, tag="test/slow"):
    """Asked of another server."""


class FromOther(FromTest):
    def asks(self, context: Any) -> tuple[Ask, ...]:
        return (Slow(target="other"),)


@pytest.mark.parametrize("ahead", [-3.0, 3.0])
def test_the_order_of_arguments_changes_no_outcome(ahead: float) -> None:
    """Grace is measured by the clock that the moment was read from, whichever argument comes first."""
    one = Annotated[Any, FromTest()]
    other = Annotated[Any, FromOther()]

    def decide_both(things: Any, slow: Any, examine: Examination) -> None:
        for listed in (things, slow):
            began = listed.clock.as_of - timedelta(minutes=4)
            with examine(listed.clock.target, since=listed.moment(began), grace=Duration(300)):
                raise AssertionError("not ready")

    def first(things: one, slow: other, examine: Any) -> None:  # type: ignore[valid-type]
        decide_both(things, slow, examine)

    def swapped(slow: other, things: one, examine: Any) -> None:  # type: ignore[valid-type]
        decide_both(things, slow, examine)

    def answer(asked: Ask) -> Answer[Any]:
        clock = Clock(NOW + timedelta(minutes=ahead * (asked.target == "other")), asked.target)
        return Answer(asked, Listing([], as_of=clock), None, clock)

    results = []
    for function in (first, swapped):
        function.__annotations__ |= {"things": one, "slow": other}
        its = check("test/it", title="It holds", level=MEDIUM)(function)
        item = Item(
            requirement="T-1", system="t", environment="e", check=its, level=HIGH, limits=Limits(),
            context=NoContext(),  # type: ignore[arg-type]
            asks={name: source.asks(None) for name, source in its.sources.items()},
        )  # fmt: skip
        results.append(decide(item, answer))

    assert Outcome.PASS is results[0].outcome
    assert results[0].findings == results[1].findings
