"""The shop of `tests.environment.files`, planned in this process with the checks that a test gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from opsproof.environment.pins import read_pins
from opsproof.examine.check import Check
from opsproof.library import Found
from opsproof.model.level import LOW
from opsproof.plan.files import Files
from opsproof.plan.plan import make_plan
from opsproof.plan.planned import Planned
from opsproof.plan.wanted import Choice
from tests.environment.files import load

NOW = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)


def made(name: str, function: Callable[..., None]) -> Check:
    return Check(name, "It is so", LOW, function)


def runbook(**rows: str) -> str:
    """One row for each keyword: `SH1="checks: [a/b], on: redis"` is the row SH-1."""
    lines = [f"  {name[:2]}-{name[2:]}: {{says: x, cadence: daily, {row}}}" for name, row in rows.items()]
    return "\n".join(["requirements:", *lines, ""])


def planned(folder: Path, *checks: Check, env: tuple[str, ...] = (), **more: Any) -> Planned:
    """The plan of the shop whose files are given by name, e.g. `production=`; see `shop`."""
    pins = read_pins(folder / "checks") if more.pop("pins", False) else None
    options = {name: more.pop(name) for name in ("changes", "replaying") if name in more}
    loaded = load(folder, **more)
    choice = Choice(env or tuple(loaded.environments()))
    found = Found(checks={check.name: check for check in checks})
    return make_plan(Files.of(loaded, found, choice, pins), now=NOW, **options)


def problems(plan: Planned) -> list[str]:
    """Without the folder: `runbook.yaml:3:5: ...`."""
    return [one.split("/shop/", 1)[-1] for one in plan.problems]
