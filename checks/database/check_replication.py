"""Whether standbys follow their primary closely, and whether what they have not read yet is kept without end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from opsproof import (
    HIGH,
    AtLeast,
    AtMost,
    Bytes,
    Count,
    Duration,
    Examination,
    Limits,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.deciding import deciding
from opsproof.model.words import several
from opsproof.sources.postgres.replication import Receiver, Replication, ReplicationOf, Sender, Slot
from opsproof.sources.postgres.told import Postgres

_COMING = frozenset({"startup", "catchup"})
_COPYING = frozenset({"pg_basebackup", "pg_receivewal"})  # they stream WAL and replay none


class ReplicationLimits(Limits):
    """`standbys`: how many have to follow a primary; `behind`, `lag`: how far each may be behind it.

    `retained`: how much WAL a slot may hold back. `archive`: for how long the archiver may fail. `standby`: the row is
    about a standby, and its own side of the link.
    """

    standbys: AtLeast[Count] = AtLeast.parse(1, Count)
    behind: AtMost[Bytes] = AtMost.parse("64Mi", Bytes)
    lag: AtMost[Duration] = AtMost.parse("30s", Duration)
    retained: AtMost[Bytes] = AtMost.parse("4Gi", Bytes)
    archive: AtMost[Duration] = AtMost.parse("1h", Duration)
    standby: Scoped[bool] = False


@check("database/replication", title="Standbys follow the primary closely", level=HIGH)
def check_replication(
    replication: Annotated[Replication, Postgres(ReplicationOf)],
    limits: ReplicationLimits,
    examine: Examination,
) -> None:
    """A standby that is behind loses what it lacks; a slot that nobody reads fills the primary's disk."""
    with deciding(examine, replication.subject):
        replication.require_complete()
        replication.require_primary(standby=limits.standby)
        if replication.receiver is not None:
            _examine_receiver(replication.receiver, replication, limits, examine)
        else:
            _examine_followers(replication, limits, examine)
        for slot in replication.slots:
            _examine_slot(slot, limits, examine)
        if not replication.standby:
            _examine_archiver(replication, limits, examine)


def _examine_followers(replication: Replication, limits: ReplicationLimits, examine: Examination) -> None:
    """How many there are, and each by itself; a copy that is being made and a logical subscriber are none."""
    following = [one for one in replication.senders if _follows(one)]
    coming = [one for one in replication.senders if one.state in _COMING and not one.logical]
    count = Count(len(following))
    with examine(replication, measured=count, limit=limits.standbys) as it:
        if coming and not limits.standbys.allows(count) and limits.standbys.allows(len(following + coming)):
            raise Undecided(f"{several(len(coming), 'standby')} still catching up")
        it.holds(limits.standbys, count, f"{several(len(following), 'standby')} following")
    names = dict.fromkeys(one.application for one in following)
    for name in names:
        _examine_alike([one for one in following if one.application == name], limits, examine)


def _follows(one: Sender) -> bool:
    """A copy that is being made streams, too, and replays nothing; nor does what keeps the WAL alone."""
    copies = one.application in _COPYING and one.behind is None
    return one.state == "streaming" and not one.logical and not copies


def _examine_alike(alike: Sequence[Sender], limits: ReplicationLimits, examine: Examination) -> None:
    """Standbys that nobody has named are all called walreceiver: the one that is the furthest behind."""
    behind, lag = _most(one.behind for one in alike), _most(one.lag or 0.0 for one in alike)
    with examine(alike[0], measured=None if behind is None else Bytes(behind), limit=limits.behind) as it:
        if behind is None or lag is None:
            raise Undecided("how far it is behind is not told")
        it.holds(limits.behind, Bytes(behind), f"it lacks {Bytes(behind)}")
        # Where nothing was written since, there is no lag to be told.
        it.holds(limits.lag, Duration(lag), f"it replays what was written {Duration(lag)} ago")


def _most(amounts: Iterable[float | None]) -> float | None:
    """The largest; None where one of them is not known."""
    found = list(amounts)
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _examine_receiver(
    receiver: Receiver, replication: Replication, limits: ReplicationLimits, examine: Examination
) -> None:
    """However little is left to replay, a link that is cut brings nothing more."""
    behind = None if receiver.behind is None else Bytes(receiver.behind)
    with examine(replication, measured=behind, limit=limits.behind) as it:
        assert receiver.status == "streaming", "it receives nothing: the link to its primary is cut"
        assert not receiver.paused, "replay is paused: what it receives is not in its data"
        if behind is None:
            raise Undecided("how much it has still to replay is not told")
        it.holds(limits.behind, behind, f"it has still to replay {behind}")


def _examine_slot(slot: Slot, limits: ReplicationLimits, examine: Examination) -> None:
    retained = None if slot.retained is None else Bytes(slot.retained)
    with examine(slot, measured=retained, limit=limits.retained) as it:
        assert slot.status != "lost", "what it needs is gone: whoever read it has to be made anew"
        if retained is not None:  # one that was never used holds nothing back
            reader = "" if slot.active else ", and nobody reads it"
            it.holds(limits.retained, retained, f"it holds back {retained} of WAL{reader}")


def _examine_archiver(replication: Replication, limits: ReplicationLimits, examine: Examination) -> None:
    archiver = replication.archiver
    if archiver.mode == "off":
        examine.note("archive_mode is off: without WAL no moment between two backups can be restored")
        return
    last, failed = archiver.last_archived, archiver.last_failed
    failing = failed is not None and (last is None or failed > last)
    since = replication.age(last or archiver.since) if failing else Duration(0)
    with examine(Subject("archiver", replication.role), measured=since, limit=limits.archive) as it:
        if since is None:
            raise Undecided("since when it fails is not told")
        began = replication.age(archiver.since)
        if last is None and failed is None and (began is None or limits.archive.broken(began.least)):
            raise Undecided(
                f"it has archived nothing, and failed at nothing, in {began or 'unknown time'}: nothing was written,"
                " or archive_command is empty"
            )
        it.holds(limits.archive, since, f"it fails, and has archived nothing for {since}")
