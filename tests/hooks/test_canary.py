"""Whether an `assert` does anything, in Python as it was started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsproof.hooks import canary


@pytest.mark.parametrize(("optimize", "works"), [(0, True), (1, False), (2, False)])
def test_optimized_code_has_no_assertions(optimize: int, works: bool) -> None:
    """As `python -O` would compile it."""
    code = compile(Path(canary.__file__).read_text(), "canary", "exec", optimize=optimize)
    module: dict[str, Any] = {"__name__": "canary"}
    exec(code, module)
    assert module["assertions_work"]() is works
