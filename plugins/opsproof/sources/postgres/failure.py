"""PostgreSQL's refusals as ours. libpq gives no SQLSTATE for a failed connection, only text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Failure,
    Forbidden,
    NotFound,
    TimedOut,
    TlsFailed,
    Unauthenticated,
    Unreachable,
)
from opsproof.model.target import Target

if TYPE_CHECKING:
    import psycopg


class Refused(Unreachable):
    """The server is there and takes no session: full, starting, shutting down."""

    def as_failure(self) -> Failure:
        return Failure("Unreachable", self.message, self.target, self.scope)


class Full(Refused):
    """No slot is left for an ordinary role."""


_OURS = partial(Unreachable, own=True)
_TEXTS: tuple[tuple[str, Callable[..., CollectionError], str], ...] = (
    # Our own role's limit says nothing about the sessions that applications can have.
    (r"too many connections for role", _OURS, "the role {user} is at its own CONNECTION LIMIT"),
    (r"too many connections for database", Refused, "too many connections for the database {database}"),
    (
        r"too many clients|remaining connection slots|too many connections",
        Full,
        "too many connections: no slot is left",
    ),
    (r"is starting up|not yet accepting|recovery mode", Refused, "the server is starting up or recovering"),
    (r"is shutting down|administrator command", Refused, "the server is shutting down"),
    (
        r"password authentication failed|no password supplied|SASL",
        Unauthenticated,
        "wrong password for {user}",
    ),
    (r"role .* does not exist|not permitted to log in", Unauthenticated, "the role {user} may not log in"),
    (r"no pg_hba.conf entry|pg_hba.conf rejects", Forbidden, "pg_hba.conf lets {user} not in from here"),
    (
        r"permission denied for database",
        Forbidden,
        "GRANT CONNECT ON DATABASE {database} TO {user} is missing",
    ),
    (r"database .* does not exist", NotFound, "the database {database} does not exist"),
    (r"certificate|SSL|TLS", TlsFailed, "TLS: the server offers none, or its certificate is not accepted"),
    (
        r"Name or service not known|nodename nor servname|resolve host|Temporary failure in name",
        _OURS,
        "the host name is not known here",
    ),
    (r"Network is unreachable|Cannot assign requested", _OURS, "there is no network to it from here"),
    (r"Connection refused", Unreachable, "connection refused"),
    (r"timeout|timed out", TimedOut, "no connection in time"),
    (r"closed the connection|reset by peer|Broken pipe", Unreachable, "the connection was closed"),
    (r"No route to host|Host is unreachable", Unreachable, "no route to the host"),
    (
        r"unsupported|protocol|(expected|invalid) authentication|invalid response",
        BadAnswer,
        "what answers there is no PostgreSQL",
    ),
)


def connecting(error: psycopg.Error, target: Target) -> CollectionError:
    """Why no session could be had. The text is ours: theirs may repeat settings."""
    text = str(error)
    for pattern, failure, message in _TEXTS:
        if re.search(pattern, text, re.IGNORECASE):
            settings = target.settings
            return failure(message.format(user=settings.user, database=settings.database), target=target.id)
    return Unreachable("no session; the reason that the server gives is not known", target=target.id)


def querying(error: psycopg.Error, what: str, target: Target) -> CollectionError:
    """Why a statement failed, by its SQLSTATE."""
    state = error.sqlstate or ""
    if state == "57014":
        return TimedOut(f"{what}: ended by the statement timeout", target=target.id)
    if state == "42501":
        return Forbidden(
            f"{what}: {target.settings.user} lacks a grant; `opsproof rights` shows which", target=target.id
        )
    if state.startswith(("57P", "53")):
        return Refused(f"{what}: the server ended the session ({state})", target=target.id)
    if not state:
        return Unreachable(f"{what}: the connection was closed without a complete answer", target=target.id)
    return BadAnswer(f"{what}: the server reports error {state}", target=target.id)
