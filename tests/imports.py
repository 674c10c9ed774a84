"""python -m tests.imports: the contracts of pyproject.toml, which keep the arrows of the design running one way."""

from __future__ import annotations

import sys

from importlinter.cli import lint_imports

if __name__ == "__main__":
    sys.path.insert(0, "plugins")
    sys.exit(lint_imports())
