"""The page on a telephone, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.browser import told_by

ROOT = Path(__file__).parents[2]
WIDTH = 500  # the narrowest window that a headless Chromium opens; the page changes its form at 640


@pytest.mark.slow
def test_a_narrow_page_cuts_nothing_off(tmp_path: Path) -> None:
    """The recorded demo's page does not scroll sideways: no table is wider than the screen."""
    page = (ROOT / "reports" / "demo" / "report.html").read_text()

    width = told_by(page, "document.documentElement.scrollWidth", tmp_path, f"--window-size={WIDTH},900")

    assert width <= WIDTH
