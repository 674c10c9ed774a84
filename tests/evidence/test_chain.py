"""Runs of the same environments form one chain."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from opsproof.evidence import manifest
from opsproof.evidence.manifest import Manifest
from opsproof.evidence.run import Run

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)


def sealed(reports: Path, *environments: str) -> Manifest:
    run = Run.create(reports, NOW)
    run.write("result.json", "{}")
    run.finish(reports, environments)
    return manifest.read(run.folder)


def test_the_order_of_the_environments_makes_no_other_chain(tmp_path: Path) -> None:
    first = sealed(tmp_path, "shop/production", "stall/production")
    assert sealed(tmp_path, "stall/production", "shop/production").previous == first.run


def test_other_environments_have_a_chain_of_their_own(tmp_path: Path) -> None:
    sealed(tmp_path, "shop/production")
    assert sealed(tmp_path, "shop/production", "stall/production").previous == ""
