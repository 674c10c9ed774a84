"""Plain facts of drills for the tests of checks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.model.moment import Clock
from opsproof.sources.drill.facts import CHOOSE, COUNT, LOAD, LOOK, MAKE, Drill, Drills, Dump, Step, TableRows

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
STEPS = (CHOOSE, MAKE, LOAD, LOOK, COUNT)


def ago(**since: float) -> datetime:
    return NOW - timedelta(**since)


def drill(age: float = 2, *, fails: str = "", why: str = "it is damaged", **more: Any) -> Drill:
    """A drill of so many days ago, that succeeded or failed at a step."""
    began = ago(days=age)
    ran = STEPS[: STEPS.index(fails) + 1] if fails else STEPS
    steps = tuple(Step(name=name, seconds=1.0, failure=why if name == fails else "") for name in ran)
    known = {
        "id": f"{began:%Y%m%dT%H%M%SZ}-abcdef",
        "began": began,
        "ended": began + timedelta(minutes=5),
        "into": "postgres:scratch",
        "dump": Dump(name="shop-20260228.sql.gz", made=began - timedelta(hours=6), bytes=10, sha256="0" * 64),
        "steps": steps,
        "rows": () if fails else (TableRows(table="public.orders", wanted=3, found=3),),
        "counted": not fails,
        "others": 0 if LOOK in ran else None,
        "newest": None if fails else began - timedelta(hours=7),
        "rto": None if fails else 300.0,
    }
    return Drill(**{**known, **more})


def drills(newest: Drill | None = None, succeeded: Drill | None = None, **more: Any) -> Drills:
    good = newest if newest is not None and newest.good else succeeded
    count = sum(one is not None for one in {id(newest): newest, id(good): good}.values())
    known: dict[str, Any] = {
        "role": "drill",
        "folder": True,
        "count": count,
        "newest": newest,
        "succeeded": good,
    }
    return Drills(**{**known, **more}, clock=Clock(NOW, "drill:local"))
