"""The plan outside of pytest: the same files, the same problems."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from opsproof.environment.environment import unfit
from opsproof.environment.index import Index
from opsproof.environment.load import load_systems
from opsproof.evidence.run import utc_now
from opsproof.model.target import Target, joined
from opsproof.plan.files import read_all, read_files
from opsproof.plan.plan import make_plan
from opsproof.plan.planned import Planned
from opsproof.plan.secrets import of_target, sent
from opsproof.plan.wanted import Wanted

_OF_ROWS = {"runbook.yaml", "waivers.yaml", "attestations.yaml"}


def planned(folder: Path, environments: tuple[str, ...], *, secrets: bool = True) -> Planned:
    """The plan for the named environments, or for all of them; secrets are looked for only in named ones."""
    root = folder.resolve().parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    systems = folder.resolve() / "systems"
    files = read_files(systems, root, Wanted(environments)) if environments else read_all(systems, root)
    plan = make_plan(files, replaying=not (environments and secrets), now=utc_now())
    return replace(plan, problems=(*plan.problems, *plan.unmet(plan.items), *_unfit(plan)))


def _unfit(plan: Planned) -> tuple[str, ...]:
    """Of the targets whose secrets are not looked for: files that are there, and do not fit."""
    if plan.live:
        return ()
    return tuple(str(one) for env in plan.chosen for role in env.targets for one in unfit(env, role))


def where_secrets_go(plan: Planned) -> Iterator[str]:
    """A line for each secret and the servers that it is sent to, with the places that say so."""
    places: dict[str, list[str]] = defaultdict(list)
    for environment in plan.chosen:
        for one in sent(environment, plan.items):
            places[one.way].append(one.place)
    yield from (f"{way} ({', '.join(found)})" for way, found in sorted(places.items()))


def targets(folder: Path, environments: tuple[str, ...]) -> tuple[dict[str, Target], list[str]]:
    """The targets of the named environments, and what is wrong with them: no runbook matters for that."""
    systems = folder.resolve() / "systems"
    choice = Wanted(environments).choose(Index(systems))
    loaded = load_systems(systems, choice.ids if systems.is_dir() else None)
    chosen = [one for name, one in loaded.environments().items() if name in choice.ids]
    found, contradictions = joined(target for one in chosen for target in one.targets.values())
    written = [str(one) for one in loaded.problems if one.file.name not in _OF_ROWS]
    unmet = [str(one) for env in chosen for role in env.targets for one in of_target(env, role)]
    return found, [*choice.problems, *written, *unmet, *contradictions]
