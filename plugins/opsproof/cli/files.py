"""The plan outside of pytest: the same files, the same problems."""

from __future__ import annotations

import sys
from pathlib import Path

from opsproof.evidence.run import utc_now
from opsproof.plan.files import read_all, read_files
from opsproof.plan.plan import make_plan
from opsproof.plan.planned import Planned
from opsproof.plan.wanted import Wanted


def planned(folder: Path, environments: tuple[str, ...], *, secrets: bool = True) -> Planned:
    """The plan for the named environments, or for all of them; secrets are looked for only in named ones."""
    root = folder.resolve().parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    systems = folder.resolve() / "systems"
    files = read_files(systems, root, Wanted(environments)) if environments else read_all(systems, root)
    live = bool(environments) and secrets
    return make_plan(files, replaying=not live, secrets=live, now=utc_now())
