"""The example's own tests of its checks, as its author runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.sdk.outside import EXAMPLE, ROOT, installed


def test_its_checks_are_tested_with_plain_facts(tmp_path: Path) -> None:
    path = os.pathsep.join([str(installed(tmp_path)), str(ROOT / "plugins"), str(EXAMPLE)])
    words = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        str(EXAMPLE / "tests/test_checks.py"),
    )
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout + done.stderr
