"""The page on a telephone, in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTH = 500  # the narrowest window that a headless Chromium opens; the page changes its form at 640


@pytest.mark.slow
def test_a_narrow_page_cuts_nothing_off(tmp_path: Path) -> None:
    """The recorded demo's page does not scroll sideways: no table is wider than the screen."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the testbed installs it"
    page = (ROOT / "reports" / "demo" / "report.html").read_text()
    look = "<script>document.title = 'width ' + document.documentElement.scrollWidth</script>"
    (tmp_path / "report.html").write_text(page.replace("</body>", f"{look}</body>"))

    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={WIDTH},900", "--dump-dom", f"file://{tmp_path / 'report.html'}",
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    found = re.search(r"<title>width (\d+)</title>", done.stdout)
    assert found, done.stderr[-500:]
    assert int(found[1]) <= WIDTH
