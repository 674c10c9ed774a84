"""python -m tests: everything that has to hold before a change is good. Exit status 0 when all of it does.

The testbed's real servers are installed, built and started first, with progress; where that is not
possible the tests that need them are listed as not run, and under CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS: tuple[tuple[str, Sequence[str]], ...] = (
    ("style", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
)


def main(words: Sequence[str]) -> int:
    failed = [name for name, command in STEPS if not _passed(name, [sys.executable, "-m", *command])]
    bed = _testbed_up()
    if not bed and os.environ.get("CI"):
        failed.append("testbed")
    if not _passed("tests", [sys.executable, "-m", "pytest", "tests", *words], OPSPROOF_WRITE_DETECTION="1"):
        failed.append("tests")
    if bed:
        _passed("testbed down", [sys.executable, "-m", "tests.testbed", "down"])
    print(f"failed: {', '.join(failed)}" if failed else "all passed", flush=True)
    return 1 if failed else 0


def _testbed_up() -> bool:
    return _passed("testbed up", [sys.executable, "-m", "tests.testbed", "up"])


def _passed(name: str, command: Sequence[str], **env: str) -> bool:
    print(f"== {name}", flush=True)
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=False)
    print(
        f"== {name}: {'passed' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
