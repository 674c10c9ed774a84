"""pg_stat_replication and its relatives; a standby's position is what it has replayed."""

from __future__ import annotations

from opsproof.sources.postgres.queries.opening import opened
from opsproof.sources.postgres.replication import (
    Archiver,
    Receiver,
    Replication,
    ReplicationOf,
    Sender,
    Slot,
)
from opsproof.sources.postgres.session import Session

_NOW = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
_SENDERS = f"""
SELECT coalesce(r.application_name, '') AS application, coalesce(r.state, '') AS state,
       coalesce(r.sync_state, '') AS sync_state,
       EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical') AS logical,
       pg_wal_lsn_diff({_NOW}, r.replay_lsn)::bigint AS behind, extract(epoch FROM r.replay_lag)::float8 AS lag
FROM pg_stat_replication r ORDER BY 1, r.pid LIMIT 200"""
_SLOTS = f"""
SELECT slot_name::text AS name, slot_type AS kind, active, pg_wal_lsn_diff({_NOW}, restart_lsn)::bigint AS retained,
       coalesce(wal_status, '') AS status
FROM pg_replication_slots ORDER BY 1 LIMIT 200"""
# Without a row there is no receiver: the link is cut, whatever was replayed.
_RECEIVER = """
SELECT coalesce(w.status, '') AS status, w.latest_end_time AS told,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint AS behind,
       pg_last_xact_replay_timestamp() AS replayed, pg_is_wal_replay_paused() AS paused
FROM (SELECT) one LEFT JOIN pg_stat_wal_receiver w ON true"""
_ARCHIVER = """
SELECT current_setting('archive_mode') AS mode, archived_count AS archived, failed_count AS failed,
       last_archived_time AS last_archived, last_failed_time AS last_failed, stats_reset AS since
FROM pg_stat_archiver LIMIT 1"""


def collected(session: Session, ask: ReplicationOf) -> Replication:
    told = opened(session, ask.role)
    receiver = session.thing(_RECEIVER, "SELECT WAL receiver", Receiver) if told["standby"] else None
    return Replication(
        **told,
        senders=session.things(_SENDERS, "SELECT WAL senders", Sender),
        slots=session.things(_SLOTS, "SELECT replication slots", Slot),
        receiver=receiver,
        archiver=session.thing(_ARCHIVER, "SELECT archiver", Archiver),
    )
