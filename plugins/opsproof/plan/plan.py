"""Plan: from files alone to the items that could be decided, and to everything wrong in the files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from opsproof.environment.environment import Environment
from opsproof.environment.load import Loaded
from opsproof.environment.problems import Problem
from opsproof.library import Found
from opsproof.model.level import Level
from opsproof.model.requirement import Waiver
from opsproof.model.target import joined
from opsproof.plan.changes import Change, refused
from opsproof.plan.draft import Draft
from opsproof.plan.files import Files
from opsproof.plan.given import NOTHING_GIVEN, Given, provided
from opsproof.plan.planned import Planned
from opsproof.plan.record import recorded
from opsproof.plan.secrets import strays


def make_plan(
    files: Files,
    *,
    changes: tuple[Change, ...] = (),
    given: Given = NOTHING_GIVEN,
    replaying: bool = False,
    now: datetime,
) -> Planned:
    """Make the plan for the chosen environments. Reads nothing but what was read.

    Args:
        replaying: facts come from a run named by the user: no secret is needed, no recording is used.
    """
    loaded, found = files.loaded, files.found
    chosen, unsuitable = provided(files.chosen, given)
    draft = Draft(found, now, changes)
    for environment in chosen:
        system = loaded.systems[environment.system]
        for row in system.requirements.values():
            if row.automated:
                draft.add(system, environment, row)
    recording, mixed = (None, []) if replaying else _recording(chosen)
    if files.pins is not None:
        draft.problems += [*files.pins.problems, *strays(files.pins, chosen, draft.items)]
    targets, contradictions = joined(target for one in chosen for target in one.targets.values())
    changes_refused = refused(changes, {record.id for record in draft.records})
    problems = (*files.problems, *unsuitable, *mixed, *contradictions, *changes_refused)
    systems = {one.system: loaded.systems[one.system] for one in chosen}
    return Planned(
        items=tuple(draft.items),
        record=recorded(systems, chosen, draft.records, found.checks),
        environments=tuple(one.id for one in chosen),
        targets=targets,
        waivers=_waivers(loaded, chosen),
        digests={**loaded.digests(), **_check_digests(found)},
        gate=_gate(chosen),
        recording=recording,
        live=recording is None and not replaying,
        chosen=tuple(chosen),
        rows={
            (system.name, row.id): row for system in systems.values() for row in system.requirements.values()
        },
        waivers_by_system={name: system.waivers for name, system in systems.items()},
        files={path: tuple(names) for path, names in found.files.items()},
        problems=(*found.problems, *_every(loaded.problems, draft.problems), *problems),
    )


def _every(loaded: Iterable[Problem], drafted: Iterable[Problem]) -> list[str]:
    """Each problem once: what comes of a value that was refused already is no second one."""
    known = {(one.file, one.line, one.column) for one in loaded}
    new = {one for one in drafted if (one.file, one.line, one.column) not in known}
    return [str(problem) for problem in sorted({*loaded, *new})]


def _recording(chosen: Sequence[Environment]) -> tuple[Path | None, list[str]]:
    """The recorded run that the environments are decided on, if any, and what is wrong with that."""
    recordings = {one.recording.resolve() if one.recording else None for one in chosen}
    found = next((one for one in recordings if one is not None), None)
    if found is not None and len(recordings) > 1:
        return found, ["environments with different recordings, or with and without one, cannot share a run"]
    return found, []


def _waivers(loaded: Loaded, chosen: Sequence[Environment]) -> tuple[tuple[str, Waiver], ...]:
    """Each waiver that may apply, once, with its system: one for `*` is not one for each environment."""
    chosen_in: dict[str, set[str]] = {}
    for one in chosen:
        chosen_in.setdefault(one.system, set()).add(one.name)
    return tuple(
        (system, waiver)
        for system, names in chosen_in.items()
        for waiver in loaded.systems[system].waivers
        if waiver.environment == "*" or waiver.environment in names
    )


def _gate(chosen: Sequence[Environment]) -> str:
    """The strictest of the environments' gates; low when none says."""
    gates = [one.gate or Level.LOW for one in chosen]
    return max(gates, key=lambda level: level.rank, default=Level.LOW).value


def _check_digests(found: Found) -> dict[str, str]:
    """The digest of each check's file: what is decided by another selection of checks stays comparable."""
    files = {name: Path(check.file) for name, check in found.checks.items()}
    return {
        f"checks/{name}": hashlib.sha256(file.read_bytes()).hexdigest()
        for name, file in sorted(files.items())
        if file.exists()
    }
