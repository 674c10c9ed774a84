"""The sessions of a PostgreSQL server: how many of which state, and the oldest that do something. No SQL text."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.subject import Subject
from opsproof.sources.postgres.told import StatisticsOf, Told

ACTIVE = frozenset({"active", "fastpath function call"})
IDLE = frozenset({"idle in transaction", "idle in transaction (aborted)"})


class Backend(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One client session that is not idle. `doing`: the maintenance command that it reports the progress of."""

    pid: int
    role: str = ""
    application: str = ""
    database: str = ""
    state: str = ""
    query_start: datetime | None = None
    state_change: datetime | None = None
    query_id: str = ""
    doing: str = ""

    @property
    def subject(self) -> Subject:
        return Subject(
            "session", str(self.pid), namespace=self.database, key=f"{self.role}/{self.application}"
        )

    @property
    def since(self) -> datetime | None:
        """Since when it is in its state: an active one since its query began."""
        return self.query_start if self.state in ACTIVE else self.state_change


class Activity(Told, frozen=True, kw_only=True):
    """Client sessions of the whole server, without opsproof's own.

    `active` counts the active ones at several moments. `backends` are the oldest of the last one's that are not
    idle, up to a thousand.
    """

    states: dict[str, int]
    active: tuple[int, ...]
    backends: tuple[Backend, ...]


class ActivityOf(StatisticsOf, frozen=True, kw_only=True, tag="postgres/activity"):
    """pg_stat_activity, `samples` times, `spacing` seconds apart."""

    samples: int = 3
    spacing: float = 1.0
    answer: ClassVar[Any] = Activity
