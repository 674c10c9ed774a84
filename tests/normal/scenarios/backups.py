"""Backups on ordinary days: one is being made right now, and old ones are copied again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.examine.backups.limits import WEEK
from tests.faults.elsewhere import edited
from tests.faults.scenario import Changes, fail, passes, scenario, transition
from tests.faults.scenarios.backups import ACCELERAPP, CONFIG, DATABASE, SECRETS, named, nights
from tests.testbed import stored
from tests.testbed.services import files, s3


@scenario(
    "a backup is being uploaded, part after part",
    situation="ordinary",
    group="backups",
    proves=("backup/offsite",),
)
def arriving() -> Iterator[Changes]:
    now = datetime.now(timezone.utc)
    bucket, key = "smartcloudops-backups", f"{now:%Y%m%d_%H%M%S}/database.sql.gz"
    with s3.added(bucket, key, stored.packed(stored.dump()), now):
        yield {
            "SC-122": transition("critical", f"backup set the bucket {bucket}", message="that of * lacks *"),
            "SC-118": passes(),
        }


@scenario(
    "a file is being written", situation="ordinary", group="backups",
    proves=("backup/config-included", "backup/secrets-encrypted"),
)  # fmt: skip
def being_written() -> Iterator[Changes]:
    """Half of it is there, and its time is now; tomorrow's name, as of a clock in another zone."""
    now = datetime.now(timezone.utc)
    half = stored.configuration("enterprise-platform") + b"- {apiVersion: v1, kind: \n"
    name = f"cluster-config-{now + timedelta(days=1):%Y%m%d}.yaml"
    with files.added("enterprise-platform", name, half, now):
        message = f"{name} cannot be parsed"
        yield {"EP-113": transition("medium", "content newest cluster-config-%Y%m%d.yaml", message=message)}


@scenario(
    "old dumps are copied again under the folder of this month", situation="ordinary", group="backups",
    proves=("backup/fresh", "backup/retention", "backup/integrity", "backup/app-data"),
)  # fmt: skip
def copied_again() -> Iterator[Changes]:
    """One backup under two names, one of them with a fresh time."""
    now = datetime.now(timezone.utc)
    old = now - timedelta(days=27)
    key = (
        f"copies/db-{old:%Y%m%d}.sql.gz" if old.month == now.month else f"{now:%Y/%m}/db-{old:%Y%m%d}.sql.gz"
    )
    with s3.added("accelerapp-backups", key, stored.packed(stored.dump()), now):
        yield {"AC-008": passes(), "AC-087": passes(), "AC-092": passes()}


@scenario(
    "backups are made on workdays, and this is the last hour of a weekend", situation="ordinary", group="backups",
    proves=("backup/fresh", "backup/job-success", "backup/integrity", "backup/retention"),
)  # fmt: skip
def weekend() -> Iterator[Changes]:
    now = datetime.now(timezone.utc)
    free = nights(2)
    days = [WEEK[day] for day in range(7) if day not in {one.weekday() for one in (now, *free)}]

    def declare(document: Any) -> None:
        for row in document["requirements"].values():
            if row.get("checks", [""])[0].startswith("backup/") and "objects" in row.get("scope", {}):
                row["scope"]["weekdays"] = days

    with ExitStack() as stack:
        stack.enter_context(edited("systems/accelerapp/runbook.yaml", declare))
        for night in free:
            for pattern in (DATABASE, CONFIG, SECRETS):
                stack.enter_context(s3.replaced(ACCELERAPP, named(pattern, night), None))
        dumps = f"backup {DATABASE}"
        yield {
            # No day is excused for what a deployment may spoil.
            "AC-056": fail("critical", dumps, message="the newest is *"),
            "AC-063": fail(
                "critical", dumps, f"backup {CONFIG}", f"backup {SECRETS}", message="the newest is *"
            ),
        }


@scenario(
    "a system has got a database, and a dump of it every night", situation="ordinary", group="backups",
    proves=("backup/fresh",),
)  # fmt: skip
def a_database() -> Iterator[Changes]:
    def change(document: Any) -> None:
        document["targets"]["postgres"] = {"host": "127.0.0.1", "database": "jobs", "user": "opsproof"}

    dump = stored.packed(stored.dump())
    with ExitStack() as stack:
        stack.enter_context(edited("systems/opsforge/environments/testbed.yaml", change))
        for night in nights(5):
            stack.enter_context(files.added("opsforge", f"db-{night:%Y%m%d}.sql.gz", dump, night))
        yield {"OF-073": passes()}
