"""PostgreSQL's refusals as ours: by SQLSTATE and the server's routine, whatever the language of its texts.

Poolers say almost everything with SQLSTATE 08P01; their texts are English and constant. What libpq itself says (no
name, no network, TLS) has no SQLSTATE either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import psycopg

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Failure,
    Forbidden,
    NotConfigured,
    NotFound,
    TimedOut,
    TlsFailed,
    Unauthenticated,
    Unreachable,
)
from opsproof.model.target import Target
from opsproof.transport.failures import Row, Table

Made = Callable[..., CollectionError]
_LONGEST = 4000


class Full(Unreachable):
    """No slot is left for an ordinary role."""

    def as_failure(self) -> Failure:
        return Failure("Unreachable", self.message, self.target, self.scope, self.own)


class AtOwnLimit(Unreachable):
    """Our own role has as many sessions as it may: perhaps those of other asks, which end soon."""

    def as_failure(self) -> Failure:
        return Failure("Unreachable", self.message, self.target, self.scope, self.own)


_OURS = partial(Unreachable, own=True)
_MISNAMED = partial(NotConfigured, own=True)
_OWN_LIMIT = partial(AtOwnLimit, own=True)
_LIMIT = "the role {user} is at its own CONNECTION LIMIT"
_NO_SLOT = "too many connections: no slot is left"
_PASSWORD = "wrong password for {user}"  # noqa: S105
_NO_LOGIN = "the role {user} may not log in"
_NOT_FROM_HERE = "pg_hba.conf lets {user} not in from here"
_NO_DATABASE = "the database {database} does not exist"
_GRANT = "GRANT CONNECT ON DATABASE {database} TO {user} is missing"
_UNTOLD = "no session; the reason that the server gives is not known"
_UNKNOWN = "no session; the server gives SQLSTATE {state}"
_SEVERAL = {"28000", "53300"}  # they mean several things, which the routine tells, or else the text
_STARTING = "the server is starting up, recovering or shutting down"

# SQLSTATE or its class, the server's routine where it matters, and what it means for a new session.
SESSION: tuple[tuple[str, str, Made, str], ...] = (
    # Our own role's limit says nothing about the sessions that applications can have.
    ("53300", "InitializeSessionUserId", _OWN_LIMIT, _LIMIT),
    ("53300", "CheckMyDatabase", Unreachable, "too many connections for the database {database}"),
    ("53300", "", Full, _NO_SLOT),
    ("53", "", Unreachable, "the server lacks resources ({state})"),
    ("28P01", "", Unauthenticated, _PASSWORD),
    ("28000", "InitializeSessionUserId", Unauthenticated, _NO_LOGIN),
    ("28000", "ClientAuthentication", Forbidden, _NOT_FROM_HERE),
    ("28", "", Unauthenticated, "the server does not let {user} in ({state})"),
    ("3D", "", NotFound, _NO_DATABASE),
    ("42501", "", Forbidden, _GRANT),
    ("57P03", "", Unreachable, _STARTING),
    ("57P01", "", Unreachable, "the server is shutting down"),
    ("57P", "", Unreachable, "the server ended the session ({state})"),
    ("57014", "", TimedOut, "ended by a timeout of the server's"),
    ("55000", "", Unreachable, "the database {database} takes no connections"),
    ("0A", "", BadAnswer, "what answers there speaks another protocol ({state})"),
    ("XX", "", Unreachable, "the server fails with an error of its own ({state})"),
    ("58", "", Unreachable, "the server fails with an error of its system ({state})"),
)

# What poolers and libpq say, and PostgreSQL in English where no SQLSTATE is to be had. First comes what wraps others.
TEXTS: tuple[tuple[str, Made, str], ...] = (
    (
        r"server login (failed|has been failing)|server_login_retry",
        Unreachable,
        "the pooler cannot log in to its server",
    ),
    (
        r"use SHOW HELP;?$",
        _MISNAMED,
        "a pooler's console answers there, which runs no SQL: name a database that it hands on",
    ),
    (
        r"not allowed in statement pooling mode",
        _MISNAMED,
        "the pooler hands on single statements, and no transactions: name a pool of another mode, or the server itself",
    ),
    (
        r"authentication method requirement",
        Unauthenticated,
        "the server does not ask {user} for SCRAM, and nothing was sent: use sslmode verify-full, or say under "
        "require_auth what else is accepted",
    ),
    (r"no password supplied", Unauthenticated, "the server wants a password of {user}, and none is given"),
    (r"too many connections for role", _OWN_LIMIT, _LIMIT),
    (r"too many connections for database", Unreachable, "too many connections for the database {database}"),
    (
        r"no more connections allowed|max_client_conn|client connections exceeded|max_db_client_connections"
        r"|max_user_client_connections",
        Unreachable,
        "too many connections: the pooler takes no more clients",
    ),
    (r"too many clients|remaining connection slots|too many connections|max clients reached", Full, _NO_SLOT),
    (
        r"query_wait_timeout|pause|pool_timeout|could not get connection from the pool|AllServersDown"
        r"|unable to check ?out",
        Unreachable,
        "the pooler has no server connection free: paused, or all are taken",
    ),
    (
        r"client_login_timeout|server down|server conn crashed|cannot connect to server|pgbouncer cannot connect",
        Unreachable,
        "the pooler cannot reach its server",
    ),
    (r"is starting up|not yet accepting|recovery mode", Unreachable, _STARTING),
    (r"is shutting down|administrator command", Unreachable, "the server is shutting down"),
    (r"no such database|database .* does not exist|Database not found", NotFound, _NO_DATABASE),
    (
        r"no such user|role .* does not exist|not permitted to log in|login rejected|Tenant or user not found",
        Unauthenticated,
        _NO_LOGIN,
    ),
    (
        r"authentication failed|SASL|auth failed|password does not match",
        Unauthenticated,
        _PASSWORD,
    ),
    (
        r"FATAL:  08P01: not allowed$",
        Forbidden,
        "the pooler's console lets {user} not in: name it under stats_users",
    ),
    (
        r"no pg_hba.conf entry|pg_hba.conf rejects|login not allowed|not allowed to connect",
        Forbidden,
        _NOT_FROM_HERE,
    ),
    (r"permission denied for database", Forbidden, _GRANT),
    (r"certificate|SSL|TLS", TlsFailed, "TLS: the server offers none, or its certificate is not accepted"),
    (
        r"Name or service not known|nodename nor servname|resolve host|translate host|Temporary failure in name",
        _OURS,
        "the host name is not known here",
    ),
    (r"Network is unreachable|Cannot assign requested", _OURS, "there is no network to it from here"),
    (r"Connection refused", Unreachable, "connection refused"),
    (r"timeout|timed out", TimedOut, "no connection in time"),
    (r"closed the connection|reset by peer|Broken pipe", Unreachable, "the connection was closed"),
    (r"No route to host|Host is unreachable", Unreachable, "no route to the host"),
    (
        r"unsupported|protocol|(expected|invalid) authentication|invalid response|unexpected response",
        BadAnswer,
        "what answers there is no PostgreSQL",
    ),
)

# SQLSTATE or its class, and what it means for a statement of ours; other classes are errors of the statement.
STATEMENT: tuple[tuple[str, Made, str], ...] = (
    ("57014", TimedOut, "ended by the statement timeout"),
    ("55P03", TimedOut, "a lock was not free in time"),
    ("57P05", TimedOut, "the session was ended as idle"),
    ("42501", Forbidden, "{user} lacks a grant; `opsproof rights` shows which"),
    ("57P", Unreachable, "the server ended the session ({state})"),
    ("53", Unreachable, "the server lacks resources ({state})"),
    ("08", Unreachable, "the connection was lost ({state})"),
    ("58", Unreachable, "the server fails with an error of its system ({state})"),
    ("40", Unreachable, "the server cancels the statement ({state})"),
)

# A class of psycopg's own machinery, which not every version has.
_INTERNAL = filter(None, [getattr(psycopg.errors, "_WaitTimeout", None)])

# Those of psycopg's classes that carry no SQLSTATE: of its own side of the wire, and the bases of all others.
TABLE = Table(
    Row(
        psycopg.errors.ConnectionTimeout, psycopg.errors.CancellationTimeout,
        failure=TimedOut, message="no answer in time",
    ),
    Row(psycopg.DataError, psycopg.NotSupportedError, failure=BadAnswer, message="a value of another type"),
    Row(
        psycopg.ProgrammingError, *_INTERNAL,
        failure=NotConfigured, message="its settings cannot be used by this libpq", own=True,
    ),
    Row(
        psycopg.IntegrityError, psycopg.InternalError, psycopg.InterfaceError, psycopg.OperationalError,
        psycopg.errors.PipelineAborted, psycopg.DatabaseError, psycopg.Error, psycopg.Warning,
        failure=Unreachable, message="the connection was closed without a complete answer",
    ),
)  # fmt: skip

# `FATAL:  28P01: text`, whatever the language of the severity, and `LOCATION:  auth_failed, auth.c:326` below it.
_STATE = re.compile(r":  ([0-9A-Z]{5}): ")
_ROUTINE = re.compile(r":  ([A-Za-z_][A-Za-z0-9_]{0,80}), [^ \n]{1,80}:[0-9]{1,6}\n?$")


def connecting(text: str, target: Target) -> CollectionError:
    """Why no session could be had, from what libpq says. The text is ours: theirs may repeat settings."""
    text = text[-_LONGEST:]
    states, routine = _STATE.findall(text), _ROUTINE.search(text)
    state, where = states[-1] if states else "", routine[1] if routine else ""
    rows = [row for row in SESSION if state and state.startswith(row[0])]
    exact = next((row for row in rows if row[1] == where and where), None)
    general = next((row for row in rows if not row[1]), None)
    if exact is None and (general is None or state in _SEVERAL):
        told = _by_text(text, target)
        if told is not None:
            return told
    _, _, failure, message = exact or general or ("", "", Unreachable, _UNTOLD if not state else _UNKNOWN)
    return _made(failure, message, target, state)


def querying(error: psycopg.Error, what: str, target: Target) -> CollectionError:
    """Why a statement failed, by its SQLSTATE."""
    state = error.sqlstate or ""
    if not state:
        return _prefixed(TABLE.failure(error, target=target.id), what)
    # A pooler's own errors are of class 08, and its text says which.
    if state.startswith("08") and (pooler := _by_text(error.diag.message_primary or "", target)) is not None:
        return _prefixed(pooler, what)
    for prefix, failure, message in STATEMENT:
        if state.startswith(prefix):
            return _prefixed(_made(failure, message, target, state), what)
    return BadAnswer(f"{what}: the server reports error {state}", target=target.id)


def _by_text(text: str, target: Target) -> CollectionError | None:
    for pattern, failure, message in TEXTS:
        if re.search(pattern, text[:_LONGEST], re.IGNORECASE):
            return _made(failure, message, target, "")
    return None


def _made(failure: Made, message: str, target: Target, state: str) -> CollectionError:
    settings = target.settings
    said = message.format(user=settings.user, database=settings.database, state=state)
    return failure(said, target=target.id)


def _prefixed(failure: CollectionError, what: str) -> CollectionError:
    failure.message = f"{what}: {failure.message}"
    return failure
