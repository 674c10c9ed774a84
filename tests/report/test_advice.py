"""What to do about each kind of failure."""

from __future__ import annotations

from opsproof.model.failure import KINDS
from opsproof.report.advice import advice


def test_every_kind_of_failure_has_advice_of_its_own() -> None:
    assert len(KINDS) == len({advice(kind) for kind in KINDS} - {advice("")})
