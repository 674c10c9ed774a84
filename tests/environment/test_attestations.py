"""A file of attestations is never accepted in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.environment.load import load_systems
from tests.environment.files import lines, shop, write


@pytest.mark.parametrize("text", ["attestations: []\n", "not: [valid\n"])
@pytest.mark.parametrize("only", [None, ("shop/production",)])
def test_it_is_one_problem_until_it_is_read(tmp_path: Path, text: str, only: tuple[str, ...] | None) -> None:
    """Whatever it says: what it states would not count."""
    systems = shop(tmp_path)
    write(systems / "shop", "attestations.yaml", text)
    assert lines(load_systems(systems, only)) == [
        "attestations.yaml:1:1: attestations are not read yet: nothing that this file states would count; "
        "take it away, and leave its rows planned"
    ]
