"""Reads named queues by commands that only read; what a job says stays here, but for when it was queued."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from opsproof.model.failure import BadAnswer
from opsproof.sources.redis.info import moment, whole
from opsproof.sources.redis.queues import QueueKey, QueueSample, QueueState, Takers, TakersSample
from opsproof.sources.redis.session import Elsewhere, Session

_TYPES = {"none", "string", "list", "set", "zset", "hash", "stream"}
_FROM_LISTS = {
    "brpop", "blpop", "brpoplpush", "blmove", "blmpop", "bzpopmin", "bzpopmax", "bzmpop", "rpop", "lpop",
    "rpoplpush", "lmove", "lmpop", "zpopmin", "zpopmax",
}  # fmt: skip
_FROM_STREAMS = {"xreadgroup", "xread", "xclaim", "xautoclaim"}
_MILLISECONDS = 10**11  # a number beyond this many seconds is in milliseconds: 1973 and before are no jobs


def state(session: Session, queue: QueueKey) -> QueueState:
    """What is asked once: whether there is such a key, and who else names it."""
    try:
        kind = session.ask("TYPE", queue.key)
        return QueueState(
            key=queue.key,
            kind=queue.kind,
            type=kind if kind in _TYPES else "another",
            registered=_registered(session, queue),
            timed=bool(queue.time),
        )
    except Elsewhere:
        return QueueState(key=queue.key, kind=queue.kind, type="none", elsewhere=True)


def _registered(session: Session, queue: QueueKey) -> bool | None:
    if not queue.registered_in:
        return None
    return any(
        isinstance(one, str) and queue.is_named(one)
        for one in _many(session.ask("SMEMBERS", queue.registered_in))
    )


def sample(session: Session, queue: QueueKey, found: QueueState) -> QueueSample:
    """The queue at this moment."""
    if found.elsewhere:
        return QueueSample(why="another node of the cluster has it")
    wanted = "stream" if queue.kind == "stream" else "list"
    # Only the first look tells the type: a list comes and goes with its jobs.
    if found.type not in {wanted, "none"}:
        return QueueSample(why=f"the key holds a {found.type}, no {wanted}")
    read = _of_stream(session, queue) if queue.kind == "stream" else _of_list(session, queue)
    done = whole(session.ask("GET", queue.processed)) if queue.processed else None
    return _with(read, processed=done)


def _with(read: dict[str, Any], **more: Any) -> QueueSample:
    return QueueSample(**read, **more)


def _of_list(session: Session, queue: QueueKey) -> dict[str, Any]:
    lengths = [whole(session.ask("LLEN", one)) for one in queue.lists]
    known = [length for length in lengths if length is not None]
    told: dict[str, Any] = (
        {"depth": sum(known)} if len(known) == len(lengths) else {"why": "LLEN gives no number"}
    )
    if queue.time:
        there = [one for one, length in zip(queue.lists, lengths, strict=True) if length]
        times = [queued_at(session.ask("LINDEX", one, queue.end), queue.time) for one in there]
        # Of low priority are those that wait for ever; one that does not tell may be older than all others.
        dated = [at for at in times if at is not None]
        told["oldest"] = min(dated) if dated and len(dated) == len(times) else None
    if queue.kind == "celery":
        told["taken"] = whole(session.ask("ZCARD", queue.unacked))
        oldest = session.ask("ZRANGE", queue.unacked, "0", "0", "WITHSCORES")
        told["taken_since"] = _score(oldest)
    return told


def _of_stream(session: Session, queue: QueueKey) -> dict[str, Any]:
    length = whole(session.ask("XLEN", queue.key))
    if not length and not _exists(session, queue.key):
        return {"depth": 0}
    groups = [pairs(one) for one in _many(session.ask("XINFO", "GROUPS", queue.key))]
    named = [one for one in groups if not queue.group or one.get("name") == queue.group]
    if not groups:
        return {"depth": length, "consumers": 0}
    if len(named) != 1:
        what = f"no consumer group {queue.group}" if queue.group else f"{len(groups)} consumer groups"
        return {"why": f"the stream has {what}: name the group that counts"}
    return _of_group(session, queue, named[0])


def _exists(session: Session, key: str) -> bool:
    return bool(session.ask("TYPE", key) == "stream")


def _of_group(session: Session, queue: QueueKey, group: dict[str, Any]) -> dict[str, Any]:
    name, lag = str(group.get("name", "")), whole(group.get("lag"))
    shown = f"{queue.key} {queue.group or 'GROUP'}"
    answer = session.ask("XINFO", "CONSUMERS", queue.key, name, shown=f"XINFO CONSUMERS {shown}")
    consumers = [pairs(one) for one in _many(answer)]
    idle = [found for one in consumers if (found := whole(one.get("idle"))) is not None]
    pending = _many(session.ask("XPENDING", queue.key, name, shown=f"XPENDING {shown}"))
    told: dict[str, Any] = {
        "depth": lag,
        "why": "" if lag is not None else "the server does not tell how far the group is behind (lag)",
        "taken": whole(group.get("pending")),
        "taken_since": id_time(pending[1]) if len(pending) > 1 else None,
        "passed": whole(group.get("entries-read")),
        "consumers": len(consumers),
        "idle": min(idle) / 1000 if idle else None,
    }
    if queue.time and lag:
        after = f"({group.get('last-delivered-id')}"
        shown = f"XRANGE {queue.key} (ID + COUNT 1"
        entries = _many(session.ask("XRANGE", queue.key, after, "+", "COUNT", "1", shown=shown))
        first = _many(entries[0]) if entries else []
        told["oldest"] = id_time(first[0]) if first else None
    return told


def takers(session: Session, database: int) -> TakersSample:
    """Who takes jobs in that database, from the list of clients."""
    answer = session.ask("CLIENT", "LIST")
    if not isinstance(answer, str) or not answer.startswith("id="):
        raise BadAnswer("CLIENT LIST is not answered by clients")  # it lists whoever asks, at least
    clients = [dict(word.partition("=")[::2] for word in line.split(" ")) for line in answer.splitlines()]
    own = [one for one in clients if one.get("db") == str(database)]
    return TakersSample(lists=_counted(own, _FROM_LISTS), streams=_counted(own, _FROM_STREAMS))


def _counted(clients: Iterable[dict[str, str]], commands: set[str]) -> Takers:
    taking = [one for one in clients if one.get("cmd", "").partition("|")[0] in commands]
    waiting = [one for one in taking if "b" in one.get("flags", "")]
    idle = [
        found for one in taking if one not in waiting and (found := whole(one.get("idle", ""))) is not None
    ]
    return Takers(count=len(taking), waiting=len(waiting), idle=min(idle, default=None))


def queued_at(job: object, field: str) -> datetime | None:
    """The moment that a job's declared field tells: Unix time, or ISO 8601 with an offset. Else None."""
    try:
        found = json.loads(job) if isinstance(job, str) else None
    except (ValueError, RecursionError):
        return None
    for step in field.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return _unix(float(found))
    return _written(found) if isinstance(found, str) and len(found) < 64 else None


def _unix(seconds: float) -> datetime | None:
    if not math.isfinite(seconds):
        return None
    return moment(int(seconds / 1000 if seconds > _MILLISECONDS else seconds))


def _written(text: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return _unix(float(text)) if text.replace(".", "", 1).isdecimal() and text.isascii() else None
    return told.astimezone(timezone.utc) if told.tzinfo is not None else None


def id_time(entry: object) -> datetime | None:
    """When an entry of a stream was added: its id begins with the server's milliseconds."""
    told = whole(entry.partition("-")[0]) if isinstance(entry, str) else None
    return moment(told // 1000) if told is not None else None


def _score(answer: object) -> datetime | None:
    found = _many(answer)
    try:
        return _unix(float(found[1])) if len(found) > 1 and isinstance(found[1], str) else None
    except ValueError:
        return None


def pairs(answer: object) -> dict[str, Any]:
    """`[name, value, name, value]` as a mapping; what is none is empty."""
    found = _many(answer)
    return {
        name: value for name, value in zip(found[::2], found[1::2], strict=False) if isinstance(name, str)
    }


def _many(answer: object) -> list[Any]:
    return answer if isinstance(answer, list) else []
