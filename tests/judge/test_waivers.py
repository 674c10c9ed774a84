"""What becomes of a waiver, and what it leaves open."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsproof.judge.fold import build
from opsproof.judge.waivers import identity, use, waived
from opsproof.model.finding import ItemResult
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.requirement import Waiver
from opsproof.model.result import ItemRecord, Plan, Provenance, RequirementRecord, Selection
from opsproof.plan.plan import _waivers
from tests.report.results import finding

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
EVERYWHERE = Waiver(
    requirement="SH-001", subject="pod/batch-*", environment="*", reason="being replaced",
    requested_by="ann", approved_by="bob", begins=NOW - DAY, until=NOW + DAY,
)  # fmt: skip
ORDER = [Outcome.FAIL, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE]
LEVELS = [Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW]


def item(environment: str, *findings: Any, passed: int = 0) -> ItemResult:
    return ItemResult(
        requirement="SH-001", system="shop", environment=environment, check="c", outcome=Outcome.FAIL,
        level=Level.HIGH, findings=findings, passed=passed, nodeid=environment,
    )  # fmt: skip


def test_a_waiver_for_every_environment_is_reported_once_with_all_its_uses() -> None:
    """Two in staging and one in production are three uses of one waiver."""
    names = {"staging": ("batch-1", "batch-2"), "production": ("batch-3", "api-1")}
    done = [
        waived(item(where, *(finding(name, level=Level.HIGH) for name in pods)), [EVERYWHERE], NOW)
        for where, pods in names.items()
    ]
    rows = [
        RequirementRecord(id="SH-001", system="shop", environment=where, says="x", level=Level.HIGH)
        for where in names
    ]
    result = build(
        plan=Plan(
            requirements=tuple(rows), items=tuple(ItemRecord(row.environment, row.key, "c") for row in rows)
        ),
        selection=Selection(nodeids=tuple(names)),
        provenance=Provenance(run="r", started=NOW, now=NOW, gate=Level.LOW),
        items=[*done, done[0]],
        waivers=[use(EVERYWHERE, "shop", NOW)] * 2,
    )

    assert [(identity(EVERYWHERE, "shop"), 3, ("used",))] == [
        (one.id, one.uses, one.states) for one in result.waivers
    ]


def test_a_plan_of_several_environments_names_it_once() -> None:
    """And a waiver of an environment that is not planned not at all."""
    other = replace(EVERYWHERE, environment="demo")
    systems = {"shop": SimpleNamespace(waivers=(EVERYWHERE, other))}
    chosen = [SimpleNamespace(system="shop", name=name) for name in ("staging", "production")]

    assert (("shop", EVERYWHERE),) == _waivers(SimpleNamespace(systems=systems), chosen)  # type: ignore[arg-type]


def test_waivers_of_two_systems_are_told_apart() -> None:
    """The same line in two files is two exceptions."""
    assert identity(EVERYWHERE, "shop") != identity(EVERYWHERE, "warehouse")


@given(
    st.lists(
        st.tuples(st.sampled_from(Outcome), st.sampled_from(Level), st.booleans()), min_size=1, max_size=5
    ),
    st.booleans(),
)
def test_what_a_waiver_does_not_cover_decides(found: list[tuple[Outcome, Level, bool]], passed: bool) -> None:
    """Only covered FAILs are waived; the worst of what is left is shown, over FAIL and UNKNOWN together."""
    result = waived(
        item(
            "production",
            *(
                finding(f"{'batch' if covered else 'api'}-{n}", outcome, level=level)
                for n, (outcome, level, covered) in enumerate(found)
            ),
            passed=int(passed),
        ),
        [EVERYWHERE],
        NOW,
    )

    left = [
        (Outcome.WAIVED if covered and outcome is Outcome.FAIL else outcome, level)
        for outcome, level, covered in found
    ] + [(Outcome.PASS, Level.HIGH)] * passed
    shown = next(one for one in ORDER if one in {outcome for outcome, _ in left})
    alike = set(ORDER[:2]) if shown in ORDER[:2] else {shown}
    worst = next(one for one in LEVELS if one in {level for outcome, level in left if outcome in alike})
    assert (shown, worst) == (result.outcome, result.level)
