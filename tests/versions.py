"""The everyday tests on other versions than the lock's: the lowest that pyproject allows, or the newest there are.

`python -m tests.versions lowest` closes CI when it fails; `newest` is a warning of what the next lock will bring.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.locks import ROOT

TESTS = (
    "tests",
    "-q",
    "-m",
    "not testbed and not slow",
    "-n",
    "2",
    "--dist",
    "worksteal",
    "-p",
    "no:cacheprovider",
)
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}


def main(which: str) -> int:
    """Exit status of the tests, or of what could not be installed."""
    with tempfile.TemporaryDirectory(prefix="opsproof-versions-") as name:
        venv.create(Path(name) / "venv", with_pip=True)
        python, resolved = Path(name) / "venv" / "bin" / "python", Path(name) / "resolved.txt"
        resolve = ["pyproject.toml", "--extra", "dev", "--group", "build", "--resolution", RESOLUTIONS[which]]
        return next(filter(None, map(_ran, (
            [python, "-m", "pip", "install", "-q", "uv"],
            [python, "-m", "uv", "pip", "compile", "-q", *resolve, "--no-header", "--output-file", resolved],
            [python, "-m", "pip", "install", "-q", "-r", resolved],
            [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", "."],
            [python, "-m", "pip", "list", "--format=freeze"],
            [python, "-m", "pytest", *TESTS],
        ))), 0)  # fmt: skip


def _ran(command: list[str | Path]) -> int:
    print(f"+ {' '.join(map(str, command[1:]))}", flush=True)
    return subprocess.run(list(map(str, command)), cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] not in (["lowest"], ["newest"]):
        sys.exit("usage: python -m tests.versions lowest|newest")
    sys.exit(main(sys.argv[1]))
