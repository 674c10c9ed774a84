"""Redis' refusals as ours: by the word that an error reply begins with, else by the library's class."""

from __future__ import annotations

from redis import exceptions

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Failure,
    Forbidden,
    NotConfigured,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from opsproof.model.target import Target
from opsproof.transport.failures import Row, Table
from opsproof.transport.web_failure import translated


class Refused(Unreachable):
    """The server is there and does not serve: loading, without its master, full, busy."""

    def as_failure(self) -> Failure:
        return Failure("Unreachable", self.message, self.target, self.scope, self.own)


class Full(Refused):
    """The server takes no further client."""


class NoQuorum(Refused):
    """Too few Sentinels can be reached for a failover."""


_PASSWORD = "wrong password for {user}, or none"  # noqa: S105
_ACL = "the ACL of {user} lacks it; `opsproof rights` shows what is needed"
_LOADING = "the server is still loading its data"
_LOST = "the replica has lost its master and refuses reads"
_DOWN = "the cluster is down"
_MEMORY = "the server is out of memory"
_FULL = "too many connections"
WORDS: dict[str, tuple[type[CollectionError], str]] = {
    "NOAUTH": (Unauthenticated, _PASSWORD),
    "WRONGPASS": (Unauthenticated, _PASSWORD),
    "NOPERM": (Forbidden, _ACL),
    "LOADING": (Refused, _LOADING),
    "MASTERDOWN": (Refused, _LOST),
    "BUSY": (Refused, "a script blocks the server"),
    "CLUSTERDOWN": (Refused, _DOWN),
    "OOM": (Refused, _MEMORY),
    "NOREPLICAS": (Refused, "the server has not enough replicas"),
    "MISCONF": (Refused, "the server cannot save to disk"),
    "max": (Full, _FULL),
    "NOQUORUM": (NoQuorum, "too few Sentinels can be reached for a failover"),
}


def _known(*names: str) -> tuple[type[Exception], ...]:
    """Of these classes those that the installed version has."""
    return tuple(getattr(exceptions, name) for name in names if hasattr(exceptions, name))


TABLE = Table(
    Row(
        *_known("AuthenticationError", "AuthorizationError", "AuthenticationWrongNumberOfArgsError",
                "ExternalAuthProviderError"),
        failure=Unauthenticated, message=_PASSWORD,
    ),
    Row(*_known("NoPermissionError"), failure=Forbidden, message=_ACL),
    Row(*_known("BusyLoadingError"), failure=Refused, message=_LOADING),
    Row(*_known("MasterDownError"), failure=Refused, message=_LOST),
    Row(*_known("ClusterDownError"), failure=Refused, message=_DOWN),
    Row(*_known("OutOfMemoryError"), failure=Refused, message=_MEMORY),
    Row(*_known("MaxConnectionsError"), failure=Full, message=_FULL),
    Row(*_known("TimeoutError"), failure=TimedOut, message="no answer in time"),
    Row(
        *_known("ReadOnlyError", "NoScriptError", "ExecAbortError", "ModuleError", "NoSuchFieldsetError", "AskError",
                "TryAgainError", "MovedError", "ClusterCrossSlotError", "ResponseError"),
        failure=Refused, message="the server answers with an error",
    ),
    Row(
        *_known("InvalidResponse"), UnicodeDecodeError, RecursionError,
        failure=BadAnswer, message="what answers there is no Redis",
    ),
    Row(
        *_known("DataError", "PubSubError", "WatchError", "LockError", "LockNotOwnedError", "ChildDeadlockedError",
                "InvalidPipelineStack", "IncorrectPolicyType", "CrossSlotTransactionError", "SlotNotCoveredError",
                "RedisClusterException", "ClusterError"),
        failure=NotConfigured, message="the library cannot be used so", own=True,
    ),
    Row(*_known("RedisError"), failure=Unreachable, message="the connection was closed"),
)  # fmt: skip
# What lies below a connection that fails (refused, no name, TLS) decides; alone, it was closed.
CONNECTION = Table(Row(exceptions.ConnectionError, failure=Unreachable, message="the connection was closed"))


def failed(error: Exception, what: str, target: Target) -> CollectionError:
    """Why a connection or command failed. The text is ours."""
    told = WORDS.get(str(error).split(" ", 1)[0]) if isinstance(error, exceptions.RedisError) else None
    if told is not None:
        failure = told[0](told[1], target=target.id)
    elif _connection(error):
        return _broken(error, what, target)
    else:
        failure = TABLE.failure(error, target=target.id)
    user = target.settings.username or "default"
    failure.message = f"{what}: {failure.message.format(user=user)}"
    return failure


def _connection(error: Exception) -> bool:
    return type(error) is exceptions.ConnectionError or not isinstance(
        error, (exceptions.RedisError, UnicodeDecodeError, RecursionError)
    )


def _broken(error: Exception, what: str, target: Target) -> CollectionError:
    if (
        error.__cause__ is None
        and error.__context__ is None
        and isinstance(error, exceptions.ConnectionError)
    ):
        failure = CONNECTION.failure(error, target=target.id)
        failure.message = f"{what}: {failure.message}"
        return failure
    return translated(error, target.id)
