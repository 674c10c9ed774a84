"""Reports of other plugins that lie beside the runs, where other users may read them, are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.hooks.ended import Ended
from tests.hooks.inside import Inside, said


@pytest.fixture
def ended(tmp_path: Path) -> Ended:
    folder = tmp_path / "reports" / "20260131T000000Z-abcdef"
    folder.mkdir(parents=True)
    (tmp_path / "reports" / "ci").mkdir()
    return Ended(None, folder, "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "mode", "exposed"),
    [
        ("reports", 0o755, True),
        ("reports", 0o710, True),
        ("reports", 0o701, True),
        ("reports", 0o700, False),
        ("reports/ci", 0o755, True),
        ("reports/ci", 0o700, False),
        (".", 0o755, False),
    ],
)
def test_beside_the_runs_and_open_to_others(
    ended: Ended, tmp_path: Path, place: str, mode: int, exposed: bool
) -> None:
    """What lies elsewhere is the team's own business."""
    (tmp_path / place).chmod(mode)
    assert ended.exposes(tmp_path / place / "junit.xml") is exposed


@pytest.mark.parametrize("file", ["reports/junit.xml", "junit.xml"])
def test_the_summary_says_so_and_what_to_do(inside: Inside, file: str) -> None:
    inside.team.folder.joinpath("reports").mkdir(mode=0o755)
    done = inside.run("checks", f"--junitxml={file}")
    text = f"{file} lies where other users of this machine may read it: chmod 700 reports"
    assert (text in said(done)) is file.startswith("reports/")
