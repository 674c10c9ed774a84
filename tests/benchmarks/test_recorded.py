"""Runs that nobody collected are runs like all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.evidence.store import Store
from opsproof.evidence.verify import verify
from opsproof.examine.decide import decide
from opsproof.plan.files import read_files
from opsproof.plan.plan import make_plan
from opsproof.plan.wanted import Wanted
from tests.benchmarks import recorded


@pytest.mark.parametrize(("ready", "failing"), [(True, 0), (False, 3)])
def test_every_pod_fails_or_none(tmp_path: Path, ready: bool, failing: int) -> None:
    """And the run is sound, so that a replay takes it."""
    folder = tmp_path / "bench"
    recorded.write(folder, 3)
    made = recorded.record(folder, 3, ready=ready)

    files = read_files(folder / "checks" / "systems", folder, Wanted(("bench/big",)))
    (item,) = make_plan(files, replaying=True, now=recorded.NOW).items
    facts = Store(made / "facts")
    result = decide(item, lambda ask: facts.answer(ask, recorded.NOW))

    assert verify(made).sound
    pods = [one for one in result.findings if one.subject.kind == "pod"]
    assert failing == len(pods)
    assert all(one.outcome.bad for one in result.findings)
