"""python -m tests: everything that has to hold before a change is good. Exit status 0 when all of it does.

The testbed's real servers are installed, built and started first, with progress; where that is not
possible the tests that need them are listed as not run, and under CI=true that is a failure. Words that
follow go to pytest: options beside all tests, or paths in place of them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import parts
from tests.testbed import __main__ as testbed
from tests.testbed import process

STYLE: tuple[tuple[str, Sequence[str]], ...] = (
    ("style", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("imports", ("tests.imports",)),
)


def main(words: Sequence[str]) -> int:
    steps: dict[str, Callable[[], bool]] = {
        name: lambda command=command: _ran([sys.executable, "-m", *command])  # type: ignore[misc]
        for name, command in STYLE
    }
    steps["programs"] = _programs
    steps["tests"] = lambda: _tests(words)
    failed = [name for name, step in steps.items() if not _passed(name, step)]
    print(f"failed: {', '.join(failed)}" if failed else "all passed", flush=True)
    return 1 if failed else 0


def _tests(words: Sequence[str]) -> bool:
    if words:
        named = any(Path(word.partition("::")[0]).exists() for word in words)
        return parts.alone(words if named else ["tests", *words])
    return parts.together(parts.DIVIDED if parts.possible() else parts.WHOLE)


def _programs() -> bool:
    """Once they are there, the parts only start them."""
    try:
        testbed.prepare()
    except process.TestbedError as why:
        testbed.say(str(why))
        return not parts.in_ci()
    return True


def _passed(name: str, step: Callable[[], bool]) -> bool:
    print(f"== {name}", flush=True)
    began = time.monotonic()
    passed = step()
    print(f"== {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return passed


def _ran(command: Sequence[str]) -> bool:
    return subprocess.run(command, cwd=parts.ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
