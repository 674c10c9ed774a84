"""What `opsproof drill` is about to do, and how it says what came of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from opsproof.cli.files import planned
from opsproof.drill.cluster import Cluster, proven_cluster
from opsproof.drill.scratch import Refused, Scratch, proven
from opsproof.drill.store import opened
from opsproof.environment.environment import Environment
from opsproof.environment.load import load_systems
from opsproof.model.target import Target
from opsproof.model.units import Bytes, duration_text
from opsproof.model.words import several
from opsproof.sources.drill.facts import Drill, DrillsOf

_KIND = "drill"


@dataclass(frozen=True)
class Wish:
    """A drill of an environment, the server that it restores into, and the requirements that it decides."""

    environment: str
    drill: Target
    into: Scratch | Cluster
    rows: tuple[str, ...]

    def announced(self) -> Iterator[str]:
        """What will be done, before it is."""
        settings = self.drill.settings
        identity = ", ".join(f"{name} {value}" for name, value in self.into.identity.items())
        if isinstance(self.into, Cluster):
            shape = self.into.shape
            left_out = ", ".join(shape.leave_out) or "nothing"
            yield f"restores: namespace {shape.namespace} of Velero's newest backup, leaving out {left_out}"
            yield f"into: a new namespace on {self.into.id} ({identity}), deleted at the end"
            yield f"writes: that namespace, a Restore in {shape.velero_in}, and its record in {settings.records}"
            return
        yield f"restores: the newest {settings.dumps.place} that is named like {settings.dumps.pattern}"
        yield f"into: a new database on {self.into.id} ({identity}), dropped at the end"
        yield f"writes: its record in {settings.records}; nothing else, anywhere"


def wished(folder: Path, environment: str, row: str) -> Wish:
    """What the files say.

    Raises:
        Refused: there is no such drill, the files are wrong, the server may not be restored into, or the bucket is
            another than is declared.
    """
    loaded = load_systems(folder.resolve() / "systems")
    if loaded.problems:
        why = "something is wrong in the files, so that nobody could tell what is production; see `opsproof validate`"
        raise Refused(why)
    environments = loaded.environments()
    if environment not in environments:
        raise Refused(f"no environment {environment}; there are {', '.join(sorted(environments)) or 'none'}")
    chosen = environments[environment]
    deciding = _deciding(folder, environment)
    drill = _drill(chosen, deciding, row)
    require_own_records(drill, environments.values())
    rows = tuple(sorted(name for name, role in deciding.items() if role == drill.role))
    if drill.settings.velero is not None:
        return Wish(environment, drill, proven_cluster(drill, environments.values()), rows)
    into = proven(drill, environments.values())
    with opened(drill):
        return Wish(environment, drill, into, rows)


def require_own_records(drill: Target, environments: Iterable[Environment]) -> None:
    """What it leaves must count for no drill of something else: a record does not say which environment it is of.

    Raises Refused.
    """
    settings = drill.settings
    for environment in environments:
        for role, other in environment.targets.items():
            if other.kind == _KIND and settings.confused_with(other.settings):
                raise Refused(
                    f"targets.{role} of {environment.id} would take the records of targets.{drill.role} in"
                    f" {settings.records} for its own: give each a folder"
                )


def _deciding(folder: Path, environment: str) -> dict[str, str]:
    """The requirements that drills decide, and the role of the drill."""
    plan = planned(folder, (environment,), secrets=False)
    if plan.problems:
        raise Refused(plan.problems[0])
    return {
        item.requirement: ask.role
        for item in plan.items
        for ask in item.all_asks
        if isinstance(ask, DrillsOf)
    }


def _drill(environment: Environment, deciding: dict[str, str], row: str) -> Target:
    found = {role: target for role, target in environment.targets.items() if target.kind == _KIND}
    if row:
        if row not in deciding:
            raise Refused(
                f"no drill decides {row}; drills decide {', '.join(sorted(deciding)) or 'nothing'} here"
            )
        return found[deciding[row]]
    if len(found) != 1:
        raise Refused(
            f"{environment.id} has {several(len(found), 'target')} of kind drill: say which by --row"
        )
    return next(iter(found.values()))


def lines(done: Drill) -> Iterator[str]:
    """What came of it, for a terminal."""
    dump = done.dump
    what = f"{dump.name} (made {dump.made:%Y-%m-%d %H:%M} UTC, {Bytes(dump.bytes)})" if dump else "nothing"
    yield f"drill {done.id}: {'restored' if done.good else 'FAILED to restore'} {what}"
    for step in done.steps:
        yield f"  {step.name:<26} {duration_text(step.seconds):>8}"
    if done.failed is not None:
        yield f"  {done.failed.told}"
    for row in done.rows:
        if not row.equal:
            found = "no such table" if row.found is None else several(row.found, "row")
            yield f"  {row.table}: {found}, {row.wanted} when the dump was made"
    if done.rpo is not None and done.newest is not None:
        yield f"RPO {duration_text(done.rpo)}: the newest row is of {done.newest:%Y-%m-%d %H:%M:%S %Z}"
    if done.rto is not None:
        yield f"RTO {duration_text(done.rto)}: from the beginning until all was restored and examined"
    if done.left:
        yield f"LEFT BEHIND: {done.left}"


def run_rows(folder: Path, wish: Wish) -> int:
    """Decide the requirements as any run does. Gives pytest's exit status."""
    chosen = " or ".join(wish.rows)
    words = [sys.executable, "-m", "pytest", str(folder), "--env", wish.environment, "-k", chosen]
    return subprocess.run(words, check=False).returncode
