"""Whether what decides now is what recorded a run: of other environments the run read no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.evidence.run import Run
from opsproof.model.level import Level
from opsproof.model.result import Provenance
from tests.evidence.runs import NOW

CHECK, FILE, OTHER = (
    "checks/shop/pages",
    "shop/environments/production.yaml",
    "shop/environments/staging.yaml",
)
RECORDED = {CHECK: "a", FILE: "b", "shop/runbook.yaml": "c"}
VERSIONS = {"opsproof": "1", "python": "3.11"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(tmp_path, NOW)
    start = Provenance(
        run=made.id, started=NOW, now=NOW, mode="live", environments=("shop/production",), command="pytest",
        user="ann", host="h", ci={}, git={}, versions=VERSIONS, digests=RECORDED, gate=Level("low"),
    )  # fmt: skip
    made.journal.append("start", start)
    return made


@pytest.mark.parametrize(
    ("digests", "differs"),
    [
        (RECORDED, ""),
        ({**RECORDED, CHECK: "x"}, CHECK),
        ({**RECORDED, FILE: "x"}, FILE),
        ({**RECORDED, OTHER: "x"}, ""),
        ({CHECK: "a", OTHER: "x"}, ""),
        ({**RECORDED, "checks/shop/new": "x"}, "checks/shop/new"),
        ({**RECORDED, OTHER: "x", "shop/runbook.yaml": "x"}, "shop/runbook.yaml"),
    ],
    ids=[
        "the same",
        "a check",
        "its environment",
        "another environment",
        "only another",
        "a new check",
        "a row",
    ],
)
def test_files_that_differ_are_named(run: Run, digests: dict[str, str], differs: str) -> None:
    assert run.code_differs(VERSIONS, digests) == differs


def test_another_release_is_named_and_another_python_is_not(run: Run) -> None:
    assert run.code_differs({"opsproof": "2", "python": "3.13"}, RECORDED) == "opsproof 1 -> 2"
