"""The plan outside of pytest: the same files, the same problems."""

from __future__ import annotations

import sys
from pathlib import Path

from opsproof.environment.load import load_systems
from opsproof.evidence.run import utc_now
from opsproof.library import discover
from opsproof.plan.plan import make_plan
from opsproof.plan.planned import Planned
from opsproof.plan.wanted import Wanted


def planned(folder: Path, environments: tuple[str, ...], *, secrets: bool = True) -> Planned:
    """The plan for the named environments, or for all of them; secrets are looked for only in named ones."""
    root = folder.resolve().parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    loaded = load_systems(folder / "systems")
    wanted = Wanted(environments or tuple(loaded.environments()))
    found = discover(folder.resolve(), root)
    live = bool(environments) and secrets
    return make_plan(loaded, found, wanted, replaying=not live, secrets=live, now=utc_now())
