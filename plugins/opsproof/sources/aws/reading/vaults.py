"""Recovery points and jobs, of AWS Backup's answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from opsproof.sources.aws.facts.vaults import BackupJob, RecoveryPoint
from opsproof.sources.aws.reading.values import flag, moment, needed, part

_FIRST = datetime.min.replace(tzinfo=timezone.utc)


def points(told: Iterable[Any]) -> tuple[RecoveryPoint, ...]:
    """The oldest first. Raises BadAnswer."""
    found = (
        RecoveryPoint(
            resource=needed(one, "ResourceArn"),
            status=needed(one, "Status"),
            made=moment(one, "CreationDate"),
            encrypted=flag(one, "IsEncrypted"),
        )
        for one in map(part, told)
    )
    return tuple(sorted(found, key=lambda one: one.made or _FIRST))


def jobs(told: Iterable[Any]) -> tuple[BackupJob, ...]:
    """The oldest first. Raises BadAnswer."""
    found = (
        BackupJob(
            resource=needed(one, "ResourceArn"), state=needed(one, "State"), began=moment(one, "CreationDate")
        )
        for one in map(part, told)
    )
    return tuple(sorted(found, key=lambda one: one.began or _FIRST))
