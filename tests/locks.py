"""Locks: what the README's two commands and CI install, with hashes, as pip reads it.

`python -m tests.locks` resolves them anew (it needs uv); everybody else only installs them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"
OLDEST_PYTHON = "3.10"
LOCKS: dict[str, tuple[str, ...]] = {
    "dev.txt": ("--group", "build", "--extra", "dev"),
    # An extra may keep a version from being the newest (botocore python-dateutil): what is run is what was tested.
    "base.txt": ("--group", "build", "--constraint", "requirements/dev.txt"),
}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    return max(resolve(name, *words) for name, words in LOCKS.items())


def resolve(name: str, *words: str) -> int:
    """One lock, good for every platform and Python that pyproject allows."""
    command = ["uv", "pip", "compile", "pyproject.toml", *words, "--universal", "--upgrade", "--quiet"]
    command += ["--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--output-file", str(FOLDER / name)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
