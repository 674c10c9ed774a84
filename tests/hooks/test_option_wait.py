"""--wait: after a change, what is undecided or in transition is asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import repeat
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from opsproof.evidence import journal
from opsproof.hooks import waiting
from opsproof.model.argument import Answer
from opsproof.model.ask import Identify
from opsproof.model.failure import Failure
from opsproof.model.finding import Finding, ItemResult
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.subject import Subject
from opsproof.model.target import TargetReport
from tests.hooks.inside import Inside, said
from tests.hooks.team import CHECK

STARTING = CHECK.replace(
    "        with examine(page",
    "        if probe.status == 503:\n"
    "            examine.unknown(page, Undecided('starting'))\n"
    "            continue\n"
    "        with examine(page",
).replace("Limits, Scoped, check", "Limits, Scoped, Undecided, check")


class Changing(dict[str, Any]):
    """Statuses that change from one request to the next; the last one stays."""

    def get(self, path: str, default: int) -> int:  # type: ignore[override]
        left = super().get(path, [default])
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def starting(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A shop whose pages answer 503 while they start: undecided. Attempts follow each other at once."""
    monkeypatch.setattr(waiting, "pauses", lambda: repeat(0.001))
    inside.team.write("checks/shop/check_pages.py", STARTING)
    return inside


def asked(inside: Inside) -> dict[str, int]:
    return dict(Counter(line.removeprefix("GET /") for line in inside.shop.seen))


def items(inside: Inside) -> dict[str, ItemResult]:
    return {one.requirement.id: one.items[0] for one in inside.result.requirements}


def whole(inside: Inside) -> bytes:
    """What a replay has to repeat byte for byte."""
    return msgspec.json.encode(
        {name: msgspec.structs.replace(one, seconds=0.0) for name, one in items(inside).items()}
    )


def test_what_is_undecided_is_asked_again_until_it_is_decided(starting: Inside) -> None:
    """Its asks only: one result with the number of attempts, and each attempt recorded."""
    starting.shop.statuses = Changing({"/front": [503, 503, 200]})

    done = starting.run("checks", "-m", "continuous or weekly", "--wait", "10m")

    assert 0 == done.ret
    assert {"front": 3, "catalogue": 1} == asked(starting)
    assert {"SH-001": ("pass", 3), "SH-003": ("pass", 1)} == {
        name: (one.outcome.value, one.attempts) for name, one in items(starting).items()
    }
    assert "waiting: 1 of 2 undecided or in transition, asked again in 0 s" in said(done)
    folder = starting.team.latest.folder
    (digest,) = items(starting)["SH-001"].asks
    assert {f"{digest}.json.gz", f"{digest}.1.json.gz", f"{digest}.2.json.gz"} == {
        path.name for path in (folder / "facts").glob(f"{digest}*")
    }
    attempts = [msgspec.json.decode(data) for data in journal.read(folder / "journal.jsonl").of("attempt")]
    assert [(2, [digest]), (3, [digest])] == [(one["number"], one["asks"]) for one in attempts]
    assert 2 == sum(1 for _ in journal.read(folder / "journal.jsonl").of("result"))


def test_a_failure_is_final(starting: Inside) -> None:
    """What fails is not asked again, though it might get well."""
    starting.shop.statuses = Changing({"/front": [500, 200]})

    done = starting.run("checks", "-m", "continuous", "--wait", "10m")

    assert 1 == done.ret
    assert {"front": 1} == asked(starting)
    assert {"SH-001": "fail"} == starting.outcomes


def test_a_failure_stays_as_it_was_decided_and_a_replay_repeats_it(starting: Inside) -> None:
    """SH-002 failed by its cart; SH-001 waits for the front page that both ask for."""
    starting.shop.statuses = Changing({"/cart": [500], "/front": [503, 200]})

    starting.run("checks", "-m", "daily", "--wait", "10m")

    failed = items(starting)["SH-002"]
    assert ["fail", "unknown"] == [one.outcome.value for one in failed.findings]
    assert 1 == failed.attempts
    assert [1] == list(failed.decided_on.values())
    assert {"SH-001": "pass", "SH-002": "fail"} == starting.outcomes
    live = whole(starting)
    for _ in range(2):  # a replay, and a replay of that
        assert 1 == starting.run("checks", "-m", "daily", "--replay", "reports/latest").ret
        assert live == whole(starting)


def test_what_passed_is_decided_anew_on_what_was_asked_anew(starting: Inside) -> None:
    """While the cart starts the front page breaks: nobody's green may rest on its older answer."""
    starting.shop.statuses = Changing({"/cart": [503, 200], "/front": [200, 500]})

    done = starting.run("checks", "-m", "daily", "--wait", "10m")

    assert 1 == done.ret
    assert {"SH-001": "fail", "SH-002": "fail"} == starting.outcomes


def test_what_became_undecided_meanwhile_is_waited_for(starting: Inside) -> None:
    """SH-001 passed, its page was asked anew for SH-002 and starts again: it gets well."""
    starting.shop.statuses = Changing({"/cart": [503, 500], "/front": [200, 503, 200]})

    starting.run("checks", "-m", "daily", "--wait", "10m")

    assert {"SH-001": "pass", "SH-002": "fail"} == starting.outcomes
    assert {"front": 3, "cart": 2} == asked(starting)


def test_the_time_is_up(starting: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still undecided closes the gate, as ever."""
    monkeypatch.setattr(waiting, "pauses", lambda: repeat(0.3))
    starting.shop.statuses = Changing({"/front": [503]})

    done = starting.run("checks", "-m", "continuous", "--wait", "4s")

    assert 1 == done.ret
    assert {"SH-001": "unknown"} == starting.outcomes
    assert items(starting)["SH-001"].attempts == asked(starting)["front"] > 1


def test_a_run_that_is_decided_again_cannot_wait(starting: Inside) -> None:
    starting.run("checks")

    done = starting.run("checks", "--replay", "reports/latest", "--wait", "1m")

    assert 4 == done.ret
    assert "--wait asks again, and a run that is decided again asks nobody" in said(done)


@pytest.mark.slow
def test_workers_wait_once(starting: Inside) -> None:
    """One of them waits for all; the others decide on what came of it, a final failure as it was, too."""
    starting.shop.statuses = Changing({"/cart": [500], "/front": [503, 200]})

    done = starting.team.run("checks", "--wait", "10m", "-n", "3")

    assert 1 == done.returncode, done.stdout + done.stderr
    assert {"front": 2, "cart": 1, "catalogue": 1} == asked(starting)
    assert {"SH-001": ("pass", 2), "SH-002": ("fail", 1), "SH-003": ("pass", 1)} == {
        name: (one.outcome.value, one.attempts) for name, one in items(starting).items()
    }
    assert ["fail", "unknown"] == [one.outcome.value for one in items(starting)["SH-002"].findings]


# -- what is waited for ----------------------------------------------------------------------------------


def result(*outcomes: Outcome, moving: bool = False, asks: tuple[str, ...] = ("a",)) -> ItemResult:
    until = datetime.now(timezone.utc) + timedelta(minutes=1) if moving else None
    findings = tuple(
        Finding(subject=Subject("", "x"), outcome=one, raw=one, level=Level.LOW, message="", transition_until=until)
        for one in outcomes
    )  # fmt: skip
    worst = min(outcomes, key=lambda one: one.rank, default=Outcome.PASS)
    named = {"requirement": "R-1", "system": "s", "environment": "e", "check": "c"}
    return ItemResult(**named, outcome=worst, level=Level.LOW, findings=findings, asks=asks)


@pytest.mark.parametrize(
    ("one", "waits"),
    [
        (result(Outcome.UNKNOWN), True),
        (result(Outcome.PASS, moving=True), True),
        (result(Outcome.WAIVED, Outcome.UNKNOWN), True),
        (result(Outcome.FAIL, Outcome.UNKNOWN), False),
        (result(), False),
        (result(Outcome.WAIVED), False),
        (result(Outcome.NOT_APPLICABLE), False),
        (result(Outcome.UNKNOWN, asks=()), False),
    ],
)
def test_what_may_still_come_out_otherwise(one: ItemResult, waits: bool) -> None:
    """Undecided or in transition, without a failure, and decided by something that can be asked."""
    assert waits == waiting.pending(one)


def test_pauses_grow_to_a_quarter_of_a_minute() -> None:
    steps: Iterator[float] = waiting.pauses()
    assert [1, 2, 4, 8, 15, 15, 15] == [next(steps) for _ in range(7)]


@pytest.mark.parametrize(
    ("told", "again"),
    [({}, True), ({"uid": "other"}, True), ({"uid": "mine"}, False)],
    ids=["no answer", "another server", "proven"],
)
def test_a_server_that_did_not_prove_itself_is_asked_that_again(told: dict[str, str], again: bool) -> None:
    """Else what it answers later would count for nothing."""
    ask = Identify(target="t")
    facts = TargetReport(target="t", kind="k", role="t", identity=told) if told else None
    answer = Answer(ask, facts, None if told else Failure("Unreachable", "", "t"), None)  # type: ignore[arg-type]
    declared = SimpleNamespace(identity={"uid": "mine"})
    running: Any = SimpleNamespace(
        collection=SimpleNamespace(identify=lambda target: answer),
        planning=SimpleNamespace(planned=SimpleNamespace(targets={"t": declared})),
    )

    assert ([ask.digest] if again else []) == list(waiting._unproven(running, {"t", "elsewhere"}))
