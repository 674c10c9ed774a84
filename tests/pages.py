"""python -m tests.pages: writes the pages that are made from the code."""

from __future__ import annotations

from pathlib import Path

from opsproof.cli.described import check_info
from opsproof.cli.listed import page
from opsproof.library import discover

ROOT = Path(__file__).parents[1]
CHECKS = ROOT / "docs" / "checks.md"


def checks() -> str:
    """`docs/checks.md`, of the library as it is."""
    found = discover(ROOT / "checks", ROOT)
    assert not found.problems, found.problems
    return "\n".join(page(check_info(check) for _, check in sorted(found.checks.items()))) + "\n"


if __name__ == "__main__":
    CHECKS.write_text(checks())
