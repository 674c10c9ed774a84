"""Lines that rows name are lines of the runbook's document."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.environment.files import RUNBOOK, SYSTEM, lines, load

DOCUMENT = "runbook: {title: Shop operations, source: docs/shop.md, lines: 100}\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("63", []),
        ("100", []),
        ("[63, 101]", ["runbook.yaml:4:12: SH-001: line 101 of a runbook of 100 lines"]),
        ("99-200", ["runbook.yaml:4:12: SH-001: line 200 of a runbook of 100 lines"]),
        ("70-63", ["runbook.yaml:4:12: SH-001: 70-63 are no lines; lines count from 1, the smaller number first"]),
        ("0", ["runbook.yaml:4:12: SH-001: 0 are no lines; lines count from 1, the smaller number first"]),
    ],
)  # fmt: skip
def test_a_line_beyond_the_declared_end_is_a_problem(
    tmp_path: Path, written: str, expected: list[str]
) -> None:
    runbook = RUNBOOK.replace("lines: 63", f"lines: {written}")
    assert lines(load(tmp_path, system=SYSTEM + DOCUMENT, runbook=runbook)) == expected


def test_the_document_itself_counts_where_it_is_there(tmp_path: Path) -> None:
    """Below the repository; rows, procedures and severities alike."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "shop.md").write_text("line\n" * 11)
    runbook = RUNBOOK.replace("says: Restart it", "says: Restart it\n    lines: 12")
    found = lines(
        load(tmp_path, system=SYSTEM.replace("lines: 10}", "lines: 13}") + DOCUMENT, runbook=runbook)
    )
    assert found == [
        "runbook.yaml:4:12: SH-001: line 63 of a runbook of 11 lines",
        "runbook.yaml:12:12: SH-002: line 72 of a runbook of 11 lines",
        "runbook.yaml:19:12: SH-060: line 12 of a runbook of 11 lines",
        "system.yaml:4:68: P1: line 13 of a runbook of 11 lines",
    ]


def test_without_a_document_any_line_may_be(tmp_path: Path) -> None:
    assert lines(load(tmp_path, runbook=RUNBOOK.replace("lines: 63", "lines: 6300"))) == []
