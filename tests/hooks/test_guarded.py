"""A check or a collector that holds the interpreter cannot hold the run beyond its deadline."""

from __future__ import annotations

import time

from opsproof.evidence.run import Run
from opsproof.judge.rebuild import result_of
from tests.hooks.team import Shop, Team

STUCK = '''
"""A check that never ends."""

from __future__ import annotations

import ctypes
from typing import Annotated, Any

from opsproof import HIGH, Count, Duration, Limits, Scoped, check
from opsproof.sources.http.facts import Endpoints


class StuckLimits(Limits):
    urls: Scoped[tuple[str, ...]]
    probes: Count = Count(1)
    spacing: Duration = Duration(0)


@check("shop/stuck", title="It ends", level=HIGH)
def check_stuck(pages: Annotated[Any, Endpoints()], limits: StuckLimits, examine: Any) -> None:
    """It never ends."""
    with examine("x"):
        ctypes.PyDLL(None).sleep(600)  # unlike time.sleep, it holds the interpreter: nothing else runs
'''

ROW = """
  SH-009:
    says: It ends
    checks: [shop/stuck]
    cadence: [daily]
    level: low
    scope: {urls: ["${base}/front"]}
"""


def test_what_was_decided_stands_and_the_rest_is_unknown(team: Team, shop: Shop) -> None:
    """The process beside the run ends it, and makes the reports of its journal."""
    team.write("checks/shop/check_stuck.py", STUCK)
    runbook = team.folder / "checks/systems/shop/runbook.yaml"
    runbook.write_text(runbook.read_text() + ROW)

    done = team.run("checks", "--deadline", "6s")

    assert done.returncode == -9
    (folder,) = (team.folder / "reports").glob("2*")
    for _ in range(2400):  # it goes on for a moment after the run was ended
        if (folder / "report.html").exists():
            break
        time.sleep(0.05)
    assert (folder / "report.html").exists()
    outcomes = {one.requirement.id: one.outcome.value for one in result_of(Run(folder)).requirements}
    assert (outcomes["SH-001"], outcomes["SH-009"]) == ("pass", "unknown")
