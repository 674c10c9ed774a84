"""All reports of a run, in its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsproof.evidence.passing import Passing
from opsproof.evidence.run import Run
from opsproof.model.subject import Subject
from opsproof.report import write
from tests.report.results import NOW, item, result
from tests.report.test_html import Page


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "reports", NOW)


def kept(run: Run, number: int, count: int) -> dict[str, object]:
    """An item whose passing subjects are written down."""
    subjects = (Subject("pod", f"{number}-{n}") for n in range(count))
    Passing(run.folder).keep(item(number, passed=count), subjects, lambda encoded: encoded)
    return {"passed": count}


def test_each_report_is_there(run: Run) -> None:
    """The data, the page and JUnit, all of the same result."""
    write.write(run, result([item(1, passed=2)]))

    assert {"result.json", "report.html", "junit.xml"} <= {path.name for path in run.folder.iterdir()}


def test_the_page_names_some_of_those_who_pass(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of one requirement, and so many of all: a page of a hundred thousand stays small."""
    monkeypatch.setattr(write, "_EACH", 10)
    monkeypatch.setattr(write, "_ALL", 25)
    write.write(run, result([item(n, **kept(run, n, 30)) for n in (1, 2, 3)]))  # type: ignore[arg-type]

    page = Page((run.folder / "report.html").read_text())
    folded = json.loads(page.scripts[0])
    assert {"shop/live/SH-001#passed": 7, "shop/live/SH-002#passed": 7, "shop/live/SH-003#passed": 2} == {
        key: len(names) for key, names in folded.items()
    }
