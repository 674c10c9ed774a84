"""From the text of INFO to facts: numbers and known words alone, since all of it is the server's text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from opsproof.model.text import cut
from opsproof.sources.redis.server import Part, Persistence, Replica, Sample

Info = Mapping[str, str]
_STATES = {
    "online",
    "wait_bgsave",
    "send_bulk",
    "send_bulk_and_stream",
    "handshake",
    "connecting",
    "rdb_transmitted",
}
_MOST_REPLICAS = 100


def sample(info: Info) -> Sample:
    """One moment, as the usual sections of INFO tell it."""
    return Sample(
        at=clock(info) or datetime.now(timezone.utc),
        run_id=run_id(info.get("run_id", "")),
        uptime=number(info, "uptime_in_seconds"),
        part=part(info),
        clustered=info.get("cluster_enabled") == "1",
        loading=info.get("loading", "0") != "0",
        connected=number(info, "connected_clients"),
        most=number(info, "maxclients"),
        rejected=number(info, "rejected_connections"),
        evicted=number(info, "evicted_keys"),
        hits=number(info, "keyspace_hits"),
        misses=number(info, "keyspace_misses"),
        memory_limit=number(info, "maxmemory"),
        policy=cut(info.get("maxmemory_policy", ""), 32),
        master_link=word(info, "master_link_status", {"up", "down"}),
        persistence=_persistence(info),
        replicas=_replicas(info),
    )


def clock(info: Info) -> datetime | None:
    """The server's clock from INFO server, in UTC."""
    text = info.get("server_time_usec", "")
    return (
        datetime.fromtimestamp(int(text) / 1e6, timezone.utc) if text.isdigit() and len(text) < 18 else None
    )


def part(info: Info) -> Part:
    """Its part in replication."""
    told = info.get("role")
    return "master" if told == "master" else "slave" if told == "slave" else ""


def number(info: Info, name: str) -> int | None:
    """A whole number; None where it is not told."""
    return whole(info.get(name, ""))


def whole(text: object) -> int | None:
    """A whole number that is one, and not too long to be."""
    told = str(text) if isinstance(text, (str, int)) and not isinstance(text, bool) else ""
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


def word(info: Info, name: str, known: set[str]) -> str:
    told = info.get(name, "")
    return told if told in known else ""


def run_id(text: str) -> str:
    """The 40 hex digits that a server draws at its start; what is none is not kept."""
    return text if len(text) == 40 and all(one in "0123456789abcdef" for one in text) else ""


def moment(unix: int | None) -> datetime | None:
    """A moment that a server told in seconds; None where it is none."""
    if unix is None or not 0 < unix < 10**11:
        return None
    return datetime.fromtimestamp(unix, timezone.utc)


def _persistence(info: Info) -> Persistence:
    aof = info.get("aof_enabled")
    told: dict[str, Any] = {"aof": aof == "1"} if aof in {"0", "1"} else {}
    return Persistence(
        aof_written=info.get("aof_last_write_status", "ok") == "ok",
        aof_rewritten=info.get("aof_last_bgrewrite_status", "ok") == "ok",
        saved=info.get("rdb_last_bgsave_status", "ok") == "ok",
        last_save=moment(number(info, "rdb_last_save_time")),
        changes=number(info, "rdb_changes_since_last_save"),
        saving=info.get("rdb_bgsave_in_progress", "0") != "0",
        **told,
    )


def _replicas(info: Info) -> tuple[Replica, ...]:
    offset = number(info, "master_repl_offset")
    found = (info.get(f"slave{index}") for index in range(_MOST_REPLICAS))
    return tuple(_replica(text, offset) for text in found if text is not None)


def _replica(text: str, offset: int | None) -> Replica:
    """`ip=10.0.0.2,port=6379,state=online,offset=1428,lag=0`."""
    told = dict(pair.partition("=")[::2] for pair in text.split(","))
    reached = number(told, "offset")
    return Replica(
        name=cut(f"{told.get('ip', '')}:{told.get('port', '')}", 64),
        state=word(told, "state", _STATES),
        lag=number(told, "lag"),
        behind=max(0, offset - reached) if offset is not None and reached is not None else None,
    )
