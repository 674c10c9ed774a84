"""Backups on ordinary days: one is being made right now, and old ones are copied again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tests.faults.scenario import Changes, passes, scenario, transition
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
