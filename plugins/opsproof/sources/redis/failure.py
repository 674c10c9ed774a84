"""Redis' refusals as ours, by the word that an error reply begins with."""

from __future__ import annotations

from collections.abc import Mapping

import redis

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Failure,
    Forbidden,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from opsproof.model.target import Target
from opsproof.transport.web_failure import translated


class Refused(Unreachable):
    """The server is there and does not serve: loading, without its master, full, busy."""

    def as_failure(self) -> Failure:
        return Failure("Unreachable", self.message, self.target, self.scope)


_REFUSALS = {
    "LOADING": "the server is still loading its data",
    "MASTERDOWN": "the replica has lost its master and refuses reads",
    "BUSY": "a script blocks the server",
    "CLUSTERDOWN": "the cluster is down",
    "OOM": "the server is out of memory",
    "NOREPLICAS": "the server has not enough replicas",
    "MISCONF": "the server cannot save to disk",
    "max": "too many connections",
}


def failed(error: Exception, what: str, target: Target) -> CollectionError:
    """Why a connection or command failed. The text is ours."""
    kind = _KINDS.get(_word(error), "")
    user = target.settings.username or "default"
    if kind == "unauthenticated":
        return Unauthenticated(f"{what}: wrong password for {user}, or none", target=target.id)
    if kind == "forbidden":
        return Forbidden(
            f"{what}: the ACL of {user} lacks it; `opsproof rights` shows what is needed", target=target.id
        )
    if kind:
        return Refused(f"{what}: {kind}", target=target.id)
    return _other(error, what, target)


_KINDS: Mapping[str, str] = {
    "NOAUTH": "unauthenticated",
    "WRONGPASS": "unauthenticated",
    "NOPERM": "forbidden",
    **_REFUSALS,
}


def _word(error: Exception) -> str:
    """redis-py cuts the first word off for the errors that it has classes for."""
    for kind, word in _CLASSES:
        if isinstance(error, kind):
            return word
    return str(error).split(" ", 1)[0]


_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (redis.exceptions.AuthenticationError, "WRONGPASS"),
    (redis.exceptions.NoPermissionError, "NOPERM"),
    (redis.exceptions.BusyLoadingError, "LOADING"),
    (redis.exceptions.MasterDownError, "MASTERDOWN"),
    (redis.exceptions.OutOfMemoryError, "OOM"),
    (redis.exceptions.ClusterDownError, "CLUSTERDOWN"),
    (redis.exceptions.MaxConnectionsError, "max"),
)


def _other(error: Exception, what: str, target: Target) -> CollectionError:
    if isinstance(error, redis.exceptions.TimeoutError):
        return TimedOut(f"{what}: no answer in time", target=target.id)
    if isinstance(error, redis.exceptions.ConnectionError) and "closed by server" in str(error):
        return Unreachable(f"{what}: the connection was closed", target=target.id)
    if isinstance(error, redis.exceptions.ResponseError):
        return Refused(f"{what}: the server answers with an error", target=target.id)
    if isinstance(error, (redis.exceptions.InvalidResponse, UnicodeDecodeError, RecursionError)):
        return BadAnswer("what answers there is no Redis", target=target.id)
    return translated(error, target.id)
