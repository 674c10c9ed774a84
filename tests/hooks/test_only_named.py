"""What no row of the chosen environments names is neither read nor imported by a run."""

from __future__ import annotations

import pytest

from tests.hooks.team import CHECK, RUNBOOK, Shop, Team

STALL = """
  SH-005:
    says: The stall answers
    checks: [stall/pages]
    cadence: [daily]
    level: low
    scope: {urls: ["${base}/front"]}
"""


def test_a_file_that_no_row_names_is_not_imported(team: Team, shop: Shop) -> None:
    """Neither by us nor by pytest; and no folder of systems is searched for tests."""
    team.write("checks/shop/check_broken.py", "raise SystemError('imported')")
    team.write("checks/systems/shop/test_of_nobody.py", "raise SystemError('imported')")
    done = team.run("checks", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout
    assert "imported" not in done.stdout + done.stderr
    assert "checks/shop/check_pages.py::check_pages[SH-001-shop/production]" in done.stdout


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_two_files_of_one_name_are_two_checks(team: Team, shop: Shop, mode: str) -> None:
    """`shop/pages` and `stall/pages`, whatever way pytest imports other modules."""
    team.write("checks/stall/check_pages.py", CHECK.replace("shop/pages", "stall/pages"))
    team.write("checks/systems/shop/runbook.yaml", RUNBOOK + STALL)
    team.run("checks", "-m", "daily", f"--import-mode={mode}")
    assert team.outcomes() == {"SH-001": "pass", "SH-002": "pass", "SH-005": "pass"}


def test_a_folder_reached_by_a_link_is_the_same(team: Team, shop: Shop) -> None:
    (team.folder / "linked").symlink_to(team.folder / "checks", target_is_directory=True)
    team.run("linked", "-m", "daily")
    assert team.outcomes() == {"SH-001": "pass", "SH-002": "pass"}
