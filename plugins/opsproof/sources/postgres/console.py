"""pgbouncer's console: simple queries outside of transactions, which it knows none of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import psycopg
from psycopg.rows import dict_row

from opsproof.model.failure import BadAnswer, CollectionError, NotFound, TooBig
from opsproof.sources.postgres.connector import Connector
from opsproof.sources.postgres.failure import querying
from opsproof.sources.postgres.session import Session
from opsproof.transport.link import Link

S = TypeVar("S", bound=msgspec.Struct)
_MOST = 5000  # rows
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})[^/]{0,40}/bouncer")
_NONE = "no pgbouncer answers there, but something else that speaks PostgreSQL's protocol"


@dataclass(frozen=True)
class Console:
    """A session with the console of a pgbouncer of that version."""

    session: Session
    version: str

    @property
    def release(self) -> tuple[int, int]:
        found = _VERSION.fullmatch(self.version)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def shown(self, name: str, form: type[S], attempt: int = 1) -> list[S]:
        """SHOW, by the names of its columns: those that `form` does not know are left out.

        Raises:
            BadAnswer: it lacks a column, or one holds something else; TooBig.
        """
        session, path = self.session, f"SHOW {name}"
        target = session.target
        with session.link.request("SQL", path, attempt=attempt) as entry:
            try:
                # Without parameters psycopg sends a simple query; autocommit keeps BEGIN away.
                with session.connection.cursor(row_factory=dict_row) as cursor:
                    rows = cursor.execute(path.encode()).fetchmany(_MOST + 1)
                found = msgspec.convert(rows, list[form])  # type: ignore[valid-type]
            except psycopg.Error as error:
                raise _refused(error, path, session) from None
            except (msgspec.MsgspecError, ValueError, ArithmeticError):
                raise BadAnswer(f"{path}: other columns than pgbouncer's", target=target.id) from None
            if len(found) > _MOST:
                raise TooBig(f"{path}: more than {_MOST} rows", target=target.id)
            entry.status = "ok"
            return found


@contextmanager
def opened(
    connector: Connector,
    link: Link,
    seconds: float,
    attempt: int = 1,
    *,
    proofs: dict[str, str] | None = None,
) -> Iterator[Console]:
    """The console, for at most `seconds`.

    Raises:
        BadAnswer: a PostgreSQL, or another pooler, is there instead.
    """
    target = connector.target
    try:
        with connector.connected(link, "CONNECT", seconds, attempt, proofs=proofs) as session:
            session.connection.autocommit = True
            told = session.connection.pgconn.parameter_status(b"server_version") or b""
            version = told.decode("utf-8", "replace")
            if _VERSION.fullmatch(version) is None:
                raise BadAnswer(_NONE, target=target.id)
            yield Console(session, version)
    except NotFound:
        # A pgbouncer always has its console; a PostgreSQL has no such database.
        raise BadAnswer(_NONE, target=target.id) from None


def _refused(error: psycopg.Error, path: str, session: Session) -> CollectionError:
    """All that the console itself says is of class 08, which from a server means a lost connection."""
    if (error.sqlstate or "").startswith("08"):
        return BadAnswer(f"{path}: the pooler does not know it", target=session.target.id)
    return querying(error, path, session.target)
