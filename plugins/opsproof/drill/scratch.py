"""The server that is restored into: who it is, whether it may be used, and the database made there for a drill."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import certifi
import psycopg
from psycopg import pq, sql
from psycopg.conninfo import make_conninfo

from opsproof.drill import production
from opsproof.environment.environment import Environment
from opsproof.model.failure import NotConfigured
from opsproof.model.hosts import ascii_host
from opsproof.model.target import Target
from opsproof.model.text import cut
from opsproof.sources.postgres.failure import connecting
from opsproof.sources.postgres.settings import ANY, PostgresSettings

SYSTEM = "system-identifier"
PREFIX = "opsproof_drill_"
_MADE = "^opsproof_drill_[0-9]{8}t[0-9]{6}z_[0-9a-f]{6}$"  # by a drill; what people call so is theirs
APPLICATION = "opsproof-drill"
_MAKING = """
SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND pid <> pg_backend_pid() AND state = 'active'
    AND query LIKE 'CREATE DATABASE%%' AND position(%s IN query) > 0"""
_EVERY = 0.2  # seconds
_CONNECT = 10  # seconds
_REQUIRES_AUTH = 160000  # libpq that knows require_auth
_LONGEST = 2**31 - 1  # milliseconds that a statement may take
_LOCK = 0x6F7073647269  # one drill at a time on a server
# Such a lock is of the database that the session is in: those of the others are looked for.
_OTHER_DRILLS = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
    AND (classid::bigint << 32) + objid::bigint = %s AND objsubid = 1"""
_IDENTITY = "SELECT system_identifier::text FROM pg_control_system()"
# A dump may SET ROLE to whatever the one that logs in is a member of, and RESET ROLE to itself.
_MIGHT = """
SELECT rolname::text, rolname = session_user, CASE
    WHEN rolsuper OR rolname IN ('pg_execute_server_program', 'pg_write_server_files')
        THEN 'run programs on the server'
    WHEN rolcreaterole THEN 'make roles'
    ELSE 'make replication slots' END
FROM pg_roles
WHERE pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper OR rolcreaterole OR rolreplication
    OR rolname IN ('pg_execute_server_program', 'pg_write_server_files'))
ORDER BY rolname = session_user DESC, rolsuper DESC, rolname LIMIT 1"""


class Elsewhere(Exception):
    """Another server answered. Its text is one line."""


class Refused(Exception):
    """Nothing was begun. Its text is one line that says why, and what would be accepted."""


@dataclass(frozen=True)
class Scratch:
    """A server that is proven to be the declared one, and is nobody's production."""

    settings: PostgresSettings
    identity: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"postgres:{self.settings.address}"


def parameters(settings: PostgresSettings, database: str = "") -> dict[str, str]:
    """As libpq calls them, with the password; said so that no variable of the shell leads elsewhere.

    Raises NotConfigured: the password is not there, or might be given to whoever answers.
    """
    knows = pq.version() >= _REQUIRES_AUTH
    if settings.accepted != ANY and not knows:
        raise NotConfigured(
            "this libpq cannot hold a server to SCRAM: pip install 'opsproof[postgres]', or use sslmode verify-full"
        )
    return {
        "host": settings.host if settings.host.startswith("/") else ascii_host(settings.host),
        "hostaddr": "",
        "port": str(settings.port),
        "user": settings.user,
        "password": settings.password.read() if settings.password is not None else "",
        "dbname": database or settings.database,
        "sslmode": settings.sslmode,
        "sslrootcert": str(settings.ca) if settings.ca else certifi.where() if settings.verified else "",
        "options": "",
        "connect_timeout": str(_CONNECT),
        "keepalives_idle": "60",  # a server that is gone is noticed while it is waited for
        "keepalives_interval": "10",
        "keepalives_count": "6",
        "application_name": APPLICATION,
        **({"require_auth": settings.accepted} if knows else {}),
    }


@contextmanager
def session(settings: PostgresSettings, database: str = "") -> Iterator[psycopg.Connection[Any]]:
    """A session that commits at once. Raises psycopg.Error."""
    made = psycopg.connect(make_conninfo("", **parameters(settings, database)), autocommit=True)
    with closing(made):
        yield made


def until(at: psycopg.Connection[Any], deadline: float) -> None:
    """The next statement is cancelled at `deadline` of the monotonic clock. Raises psycopg.Error."""
    left = min(max(round((deadline - time.monotonic()) * 1000), 1), _LONGEST)
    at.execute(f"SET statement_timeout = {left}".encode())


def proven(target: Target, environments: Iterable[Environment]) -> Scratch:
    """The server of a target of kind drill, when it is the one that is declared and may be restored into.

    Raises:
        Refused: it is not; or a dump might do there what only a superuser may.
    """
    settings: PostgresSettings = target.settings.into
    place = f"targets.{target.role}.into"
    wanted = settings.identity.get(SYSTEM)
    if not wanted:
        raise Refused(
            f"{place} declares no {SYSTEM}: nothing would show that it is no other server; see `opsproof identify`"
        )
    _not_production(place, settings, wanted, environments)
    try:
        with session(settings) as at:
            found = _one(at, _IDENTITY)
            might = at.execute(_MIGHT.encode()).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        raise Refused(
            f"{place}: EXECUTE on pg_control_system() or CONNECT is missing; `opsproof rights` grants it"
        ) from None
    except psycopg.Error as error:
        raise Refused(f"{place}: {_reason(error, target, settings)}") from None
    except NotConfigured as error:
        raise Refused(f"{place}: {error.message}") from None
    if found != wanted:
        raise Refused(f"{place} declares {SYSTEM} {wanted!r}, found {found!r}: it is another server")
    if might:
        role, itself, what = might
        member = "" if itself else f", as a member of {cut(role)},"
        raise Refused(
            f"{place}: {settings.user}{member} may {what}, and so might a dump;"
            f" give a role that may create databases and nothing else"
        )
    return Scratch(settings, {SYSTEM: str(found)})


def _not_production(
    place: str, settings: PostgresSettings, system: str, environments: Iterable[Environment]
) -> None:
    own = production.addresses(settings.hosts(()))

    def same(other: Target) -> bool:
        """A pooler is what it says that it hands sessions to, too."""
        return isinstance(other.settings, PostgresSettings) and (
            other.identity.get(SYSTEM) == system or bool(own & production.addresses(_places(other)))
        )

    if found := production.found(environments, same):
        raise Refused(f"{place} is {found}: production is never restored into")


def _places(target: Target) -> Iterator[str]:
    yield from target.settings.hosts(())
    for name, value in target.identity.items():
        if name.startswith("database."):
            yield value.partition("/")[0]


def _one(at: psycopg.Connection[Any], statement: str) -> Any:
    row = at.execute(statement.encode()).fetchone()
    return row[0] if row else None


def _reason(error: psycopg.Error, target: Target, settings: PostgresSettings) -> str:
    """Why there is no session, in our words: theirs may repeat settings."""
    if error.sqlstate:
        return _answer(error)
    asked = Target(target.role, "postgres", f"postgres:{settings.address}", settings)
    return connecting(str(error), asked).message


def _answer(error: psycopg.Error) -> str:
    return f"no session or no answer (SQLSTATE {error.sqlstate})" if error.sqlstate else "no session"


@contextmanager
def alone(scratch: Scratch) -> Iterator[None]:
    """While nobody else drills there; what a killed drill left is taken away first.

    Raises:
        Refused: somebody drills there now, or what was left cannot be taken away.
    """
    with ExitStack() as held:
        try:
            at = held.enter_context(session(scratch.settings))
            _require_same(at, scratch)
            if not _one(at, f"SELECT pg_try_advisory_lock({_LOCK})") or _others(at):
                raise Refused(f"another drill is under way on {scratch.id}")
            _cleared(at)
        except Elsewhere as error:
            raise Refused(f"{scratch.id}: {error}") from None
        except psycopg.Error as error:
            raise Refused(f"{scratch.id}: {_answer(error)}") from None
        yield


def _others(at: psycopg.Connection[Any]) -> bool:
    found = at.execute(_OTHER_DRILLS.encode(), [_LOCK]).fetchone()
    return found is not None and found[0] > 0


def _require_same(at: psycopg.Connection[Any], scratch: Scratch) -> None:
    """A name may lead elsewhere a moment later. Raises Elsewhere."""
    if _one(at, _IDENTITY) != scratch.identity[SYSTEM]:
        raise Elsewhere("another server answers there now than the one that proved itself")


def _cleared(at: psycopg.Connection[Any]) -> None:
    for (name,) in at.execute(
        b"SELECT datname::text FROM pg_database WHERE datname::text ~ %s", [_MADE]
    ).fetchall():
        drop(at, name)


def create(scratch: Scratch, database: str, template: str, owner: str | None) -> None:
    """A database like the template; owned by a role that the one which restores is a member of.

    Raises Elsewhere, psycopg.Error.
    """
    made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(database), sql.Identifier(template)
    )
    of = sql.SQL(" OWNER {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
    with session(scratch.settings) as at:
        _require_same(at, scratch)
        at.execute(made + of)


def await_made(at: psycopg.Connection[Any], database: str, deadline: float) -> None:
    """Until no session makes it any more: one whose client was killed goes on until it is made."""
    while time.monotonic() < deadline and at.execute(_MAKING.encode(), [APPLICATION, database]).fetchone():
        time.sleep(_EVERY)


def take_away(scratch: Scratch, database: str) -> None:
    """Drop it, where it is. Raises Elsewhere, psycopg.Error."""
    with session(scratch.settings) as at:
        _require_same(at, scratch)
        drop(at, database)


def drop(at: psycopg.Connection[Any], database: str) -> None:
    """Whoever is in it is put out; that a dump made a template of it keeps it no more."""
    named = sql.Identifier(database)
    if at.execute(b"SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [database]).fetchone():
        at.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(named))
    at.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))
