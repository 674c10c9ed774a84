"""Velero on ordinary days: a backup is being made, a schedule is new, an older backup failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tests.faults.scenario import Changes, scenario, transition
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_world as world
from tests.testbed.process import await_that
from tests.testbed.services import velero


@scenario(
    "Velero makes a backup right now, one of five days ago failed, and a second schedule is new",
    situation="ordinary",
    group="backups",
    proves=(
        "backup/fresh",
        "backup/integrity",
        "backup/job-success",
        "backup/retention",
        "backup/storage-location",
    ),
)
def under_way() -> Iterator[Changes]:
    """Written by hand as far as it is under way: Velero itself needs no more than a moment."""
    now = datetime.now(timezone.utc)
    newest = velero.get("Backup", velero.names()[0])
    name = f"{velero.SCHEDULE}-{now:%Y%m%d%H%M%S}"
    running = make.thing(
        velero.API,
        "Backup",
        name,
        world.VELERO,
        labels=newest["metadata"]["labels"],
        spec=newest["spec"],
        status={"phase": "InProgress", "startTimestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}"},
    )
    later = now + timedelta(days=3)
    weekly = make.thing(
        velero.API,
        "Schedule",
        "weekly",
        world.VELERO,
        spec={
            "schedule": f"{later.minute} {later.hour} * * {later.isoweekday() % 7}",
            "template": newest["spec"],
        },
    )
    with (
        velero.telling("Backup", velero.names()[5], phase="Failed"),
        velero.added(running),
        velero.added(weekly),
    ):
        await_that("it is taken up", lambda: _phase("weekly") == "Enabled", within=velero.SOON)
        yield {
            "RS-091": transition(
                "critical",
                "schedule velero/nightly",
                "schedule velero/weekly",
                message="*",
            )
        }


def _phase(name: str) -> str:
    return str(velero.get("Schedule", name).get("status", {}).get("phase", ""))
