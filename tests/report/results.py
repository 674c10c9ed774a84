"""Results for the renderers, made through the same fold as those of a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.judge.fold import build
from opsproof.model.finding import Finding, ItemResult, standing
from opsproof.model.level import Level
from opsproof.model.measure import measure
from opsproof.model.outcome import Outcome
from opsproof.model.result import (
    CheckRecord,
    ItemRecord,
    LimitRecord,
    Plan,
    PlannedRecord,
    ProcedureRecord,
    Provenance,
    RequirementRecord,
    Result,
    Selection,
    StepRecord,
    SystemRecord,
    WaiverUse,
)
from opsproof.model.subject import Subject
from opsproof.model.target import TargetReport

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=timezone.utc)


def finding(name: str = "shop/api-1", outcome: Outcome = Outcome.FAIL, **more: Any) -> Finding:
    given: dict[str, Any] = {"message": "not ready", "level": Level.CRITICAL, "raw": outcome} | more
    given |= {name: measure(given[name]) for name in ("measured", "limit") if name in given}
    return Finding(subject=Subject("pod", name), outcome=outcome, **given)


def item(number: int, findings: Iterable[Finding] = (), passed: int = 0, **more: Any) -> ItemResult:
    found = tuple(findings)
    verdicts = [(one.outcome, one.level) for one in found] + [(Outcome.PASS, Level.CRITICAL)] * bool(passed)
    given: dict[str, Any] = {
        "requirement": f"SH-{number:03}", "system": "shop", "environment": "live", "check": "health/pods-ready",
        "outcome": standing(verdicts, Level.CRITICAL)[0], "level": Level.CRITICAL, "seconds": 0.25,
    } | more  # fmt: skip
    return ItemResult(**given, findings=found, passed=passed, nodeid=f"checks/c.py::c[SH-{number:03}]")


def result(
    items: Iterable[ItemResult], says: str = "Every pod is ready", level: Level = Level.CRITICAL, missing: int = 0,
    respond: str = "Look at the events", waivers: Iterable[WaiverUse] = (), mode: str = "live",
    targets: Iterable[TargetReport] = (),
) -> Result:  # fmt: skip
    """The result of these items; `missing` more were selected and have not run."""
    done = list(items)
    numbers = [int(one.requirement[3:]) for one in done] + [900 + n for n in range(missing)]
    rows = tuple(
        RequirementRecord(
            id=f"SH-{number:03}", system="shop", environment="live", says=says, level=level, severity="P1",
            respond_within="15 min", checks=("health/pods-ready",), respond=("SH-990",), lines="3",
            limits=(LimitRecord("grace", "5m", "inferred"),), cadence=("daily",),
        )
        for number in numbers
    )  # fmt: skip
    steps = (
        StepRecord(respond),
        StepRecord("Roll back", True, "it may be the wrong one", "name the revision"),
    )
    nodes = [f"checks/c.py::c[SH-{number:03}]" for number in numbers]
    return build(
        plan=Plan(
            systems=(
                SystemRecord(
                    name="shop", title="Shop", environment="live", in_runbook=len(rows) + 1, automated=len(rows), planned=1,
                    runbook="Running the shop", source="https://wiki.example.com/shop",
                    without_automation=(
                        PlannedRecord(id="SH-800", says="A person reads the minutes", cadence=("monthly",), level="low"),
                    ),
                    procedures=(ProcedureRecord("SH-990", "Pods are not ready", "9", steps),),
                ),
            ),
            requirements=rows,
            checks=(CheckRecord("health/pods-ready", "Pods are ready", "Users see errors"),),
            items=tuple(ItemRecord(node, row.key, "health/pods-ready") for node, row in zip(nodes, rows, strict=True)),
        ),
        selection=Selection(nodeids=tuple(nodes), expression="daily"),
        provenance=Provenance(run="r1", started=NOW, now=NOW, mode=mode, environments=("shop/live",)),
        items=done,
        targets=tuple(targets),
        waivers=tuple(waivers),
        finished=NOW + timedelta(seconds=5),
    )  # fmt: skip
