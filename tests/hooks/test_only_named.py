"""What no row of the chosen environments names is neither read nor imported by a run."""

from __future__ import annotations

import pytest

from tests.hooks.inside import Inside
from tests.hooks.team import CHECK, RUNBOOK

STALL = """
  SH-005:
    says: The stall answers
    checks: [stall/pages]
    cadence: [daily]
    level: low
    scope: {urls: ["${base}/front"]}
"""


def test_a_file_that_no_row_names_is_not_imported(inside: Inside) -> None:
    """Neither by us nor by pytest; and no folder of systems is searched for tests."""
    inside.team.write("checks/shop/check_broken.py", "raise SystemError('imported')")
    inside.team.write("checks/systems/shop/test_of_nobody.py", "raise SystemError('imported')")
    done = inside.run("checks", "--collect-only", "-q")
    assert done.ret == 0, done.stdout.str()
    assert "imported" not in done.stdout.str() + done.stderr.str()
    assert "checks/shop/check_pages.py::check_pages[SH-001-shop/production]" in done.stdout.str()


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_two_files_of_one_name_are_two_checks(inside: Inside, mode: str) -> None:
    """`shop/pages` and `stall/pages`, whatever way pytest imports other modules."""
    inside.team.write("checks/stall/check_pages.py", CHECK.replace("shop/pages", "stall/pages"))
    inside.team.write("checks/systems/shop/runbook.yaml", RUNBOOK + STALL)
    inside.run("checks", "-m", "daily", f"--import-mode={mode}")
    assert inside.outcomes == {"SH-001": "pass", "SH-002": "pass", "SH-005": "pass"}


def test_a_folder_reached_by_a_link_is_the_same(inside: Inside) -> None:
    (inside.team.folder / "linked").symlink_to(inside.team.folder / "checks", target_is_directory=True)
    inside.run("linked", "-m", "daily")
    assert inside.outcomes == {"SH-001": "pass", "SH-002": "pass"}
