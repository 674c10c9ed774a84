"""The benchmark's one command, as a person calls it: on few pods, everything once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.world import namespace_of
from tests.testbed.kubernetes_api import admin
from tests.testbed.kubernetes_health import problems

ROOT = Path(__file__).parents[2]
PODS = 40


@pytest.mark.slow
def test_one_command_measures_everyone_and_writes_the_page(testbed: None, tmp_path: Path) -> None:
    written = tmp_path / "performance.md"
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks",
        "--quick",
        "--pods",
        str(PODS),
        "--page",
        str(written),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    text = written.read_text()
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    assert {"raw paged GET", "opsproof", "opsproof -n 4", "kubectl", "client's models"} <= rows
    assert {"opsproof --help", "with opsproof.plugin, unused", "beside one that hangs", "none ready"} <= rows
    assert "Not kept in this run" not in text
    assert admin().find("Namespace", namespace_of(PODS)) is None
    assert not list(problems(admin()))
