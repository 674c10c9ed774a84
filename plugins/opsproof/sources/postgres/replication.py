"""How far the standbys of a PostgreSQL server are behind, by its own account, and what its archiver did."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.subject import Subject
from opsproof.sources.postgres.told import StatisticsOf, Told


class Sender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whoever receives the server's WAL. `behind` are bytes that it has not replayed.

    `lag` is None where nothing was written since, which says nothing of a link that is cut.
    """

    application: str
    state: str = ""
    sync_state: str = ""
    logical: bool = False
    behind: int | None = None
    lag: float | None = None

    @property
    def subject(self) -> Subject:
        return Subject("standby", self.application)


class Slot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A replication slot; `retained` bytes of WAL are kept for it. `status` lost: it can never catch up."""

    name: str
    kind: str = ""
    active: bool = False
    retained: int | None = None
    status: str = ""

    @property
    def subject(self) -> Subject:
        return Subject("replication slot", self.name)


class Receiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standby's own side of the link. `told` is when its primary last told its position, in its own time.

    `behind` are bytes received and not replayed, `replayed` the moment of the last transaction that was.
    """

    status: str = ""
    told: datetime | None = None
    behind: int | None = None
    replayed: datetime | None = None
    paused: bool = False


class Archiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What pg_stat_archiver counts since `since`. `mode` is archive_mode."""

    mode: str
    archived: int = 0
    failed: int = 0
    last_archived: datetime | None = None
    last_failed: datetime | None = None
    since: datetime | None = None


class Replication(Told, frozen=True, kw_only=True):
    """`senders` of a primary, or of a standby that hands on; `receiver` of a standby, None on a primary."""

    senders: tuple[Sender, ...]
    slots: tuple[Slot, ...]
    receiver: Receiver | None = None
    archiver: Archiver


class ReplicationOf(StatisticsOf, frozen=True, kw_only=True, tag="postgres/replication"):
    """pg_stat_replication, pg_replication_slots, pg_stat_wal_receiver and pg_stat_archiver."""

    answer: ClassVar[Any] = Replication
