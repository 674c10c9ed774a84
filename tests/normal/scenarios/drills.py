"""A drill that is under way, and one that succeeded after one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import msgspec

from opsproof.sources.drill.facts import CHOOSE, MAKE, Drill, Step
from tests.faults.scenario import Changes, scenario, transition
from tests.faults.scenarios.drills import kept
from tests.testbed.services import drills

GROUP = "a day of drills"


@scenario("a drill began half an hour ago", situation="ordinary", group=GROUP)
def under_way() -> Iterator[Changes]:
    began = datetime.now(timezone.utc) - timedelta(minutes=30)
    name = f"{began:%Y%m%dT%H%M%SZ}-abcdef"
    steps = tuple(Step(name=step, seconds=1.0) for step in (CHOOSE, MAKE))
    drill = Drill(id=name, began=began, into="postgres:127.0.0.1:27432/postgres", steps=steps)
    with kept("smartcloudops") as records:
        # The finished one before it is older.
        (old,) = records.glob("*.json")
        before = msgspec.json.decode(old.read_bytes(), type=Drill)
        hours = timedelta(hours=2)
        earlier = msgspec.structs.replace(
            before,
            id=f"{before.began - hours:%Y%m%dT%H%M%SZ}-{before.id[-6:]}",
            began=before.began - hours,
            ended=before.began,
        )
        old.unlink()
        for one in (earlier, drill):
            (records / f"{one.id}.json").write_bytes(msgspec.json.encode(one))
        yield {
            "SC-134": transition("high", f"drill {name}"),
            "SC-124": transition("critical", f"drill {name} alone"),
            "SC-126": transition("critical", f"drill {name} rows"),
        }


@scenario(
    "a drill that failed was made again",
    situation="ordinary",
    group=GROUP,
    proves=("backup/restore-tested", "recovery/data-integrity"),
)
def made_again() -> Iterator[Changes]:
    with kept("accelerapp"):
        drills.backup("accelerapp", content=b"\x1f\x8b\x08")
        assert not drills.drill("accelerapp").good
        drills.backup("accelerapp")
        assert drills.drill("accelerapp").good
        yield {}
