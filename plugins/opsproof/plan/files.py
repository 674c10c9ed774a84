"""The files that a plan is made of: the chosen environments' own, and the checks that their rows name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from opsproof.environment.environment import Environment
from opsproof.environment.index import Index
from opsproof.environment.load import Loaded, load_systems
from opsproof.environment.pins import Pins, read_pins
from opsproof.library import Found, discover
from opsproof.plan.wanted import Choice, Wanted


class Files(msgspec.Struct, frozen=True):
    """What was read. `problems` are of the wish for environments; those of the files stay with them.

    `pins` is the project's list of which secret may go where, if it has one.
    """

    loaded: Loaded
    found: Found
    chosen: tuple[Environment, ...]
    pins: Pins | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, loaded: Loaded, found: Found, choice: Choice, pins: Pins | None = None) -> Files:
        known = loaded.environments()
        lost = [one for one in choice.ids if one not in known]
        # A file that cannot be used says so itself; that it is never passed over in silence is said here.
        unread = [f"{one}: the environment cannot be read" for one in lost if not loaded.problems]
        chosen = tuple(known[one] for one in choice.ids if one in known)
        return cls(loaded, found, chosen, pins, (*choice.problems, *unread))


def read_files(systems: Path, root: Path, wanted: Wanted) -> Files:
    """Read what the wanted environments need, and nothing of others.

    Args:
        systems: the folder of systems; the folder of checks is the one above it.
        root: pytest's rootdir, from which modules of checks have their names.
        wanted: the environments.
    """
    choice = wanted.choose(Index(systems))
    loaded = load_systems(systems, choice.ids if systems.is_dir() else None)
    found = discover(systems.parent, root, _named(loaded, choice.ids))
    return Files.of(loaded, found, choice, read_pins(systems.parent))


def read_all(systems: Path, root: Path) -> Files:
    """Read everything: all environments, all files of checks, whether a row names them or not."""
    loaded = load_systems(systems)
    choice = Choice(tuple(loaded.environments()))
    return Files.of(loaded, discover(systems.parent, root), choice, read_pins(systems.parent))


def _named(loaded: Loaded, ids: Iterable[str]) -> set[str]:
    """The checks that the systems' rows name."""
    systems = {one.rpartition("/")[0] for one in ids} & loaded.systems.keys()
    return {
        name
        for system in systems
        for row in loaded.systems[system].requirements.values()
        for name in row.checks
    }
