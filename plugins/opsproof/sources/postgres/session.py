"""One session: statements in read-only transactions, and their rows as what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.rows import dict_row

from opsproof.model.failure import BadAnswer, TooBig
from opsproof.model.target import Target
from opsproof.model.text import cut
from opsproof.sources.postgres.failure import querying
from opsproof.transport.link import Link

T = TypeVar("T", bound="tuple[Any, ...]")
S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True)
class Session:
    """A connection with the target and the link that it belongs to."""

    connection: psycopg.Connection[Any]
    target: Target
    link: Link

    def row(self, statement: str, path: str, form: type[T], attempt: int = 1) -> T:
        rows = self.rows(statement, path, form, attempt)
        if len(rows) != 1:
            raise BadAnswer(f"{path} gave {len(rows)} rows, not one", target=self.target.id)
        return rows[0]

    def rows(
        self, statement: str, path: str, form: type[T], attempt: int = 1, *, values: Sequence[Any] = ()
    ) -> list[T]:
        """The rows of a statement, each as the tuple `form`."""
        found: list[T] = self._told(self.connection.cursor(), statement, path, form, attempt, values)
        return found

    def things(
        self, statement: str, path: str, form: type[S], *, values: Sequence[Any] = (), most: int = 10_000
    ) -> tuple[S, ...]:
        """The rows of a statement whose columns are named as the fields of `form`; its texts are cut.

        Raises:
            TooBig: more than `most`, which the statement itself should see to.
        """
        cursor = self.connection.cursor(row_factory=dict_row)
        found = self._told(cursor, statement, path, form, 1, values)
        if len(found) > most:
            raise TooBig(f"{path}: more than {most} rows", target=self.target.id)
        return tuple(map(_trimmed, found))

    def thing(self, statement: str, path: str, form: type[S]) -> S:
        """The one row of a statement, likewise. Raises BadAnswer: none, or several."""
        found = self.things(statement, path, form)
        if len(found) != 1:
            raise BadAnswer(f"{path} gave {len(found)} rows, not one", target=self.target.id)
        return found[0]

    def _told(
        self, cursor: Any, statement: str, path: str, form: Any, attempt: int, values: Sequence[Any]
    ) -> Any:
        with self.link.request("SQL", path, attempt=attempt) as entry:
            try:
                with self.connection.transaction(), cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = {round(self.link.remaining() * 1000)}")
                    rows = cursor.execute(statement.encode(), values or None).fetchall()
                found = msgspec.convert(rows, list[form])
            except psycopg.Error as error:
                raise querying(error, path, self.target) from None
            except (msgspec.MsgspecError, ValueError, ArithmeticError):
                raise BadAnswer(f"{path}: a value of another type", target=self.target.id) from None
            entry.status = "ok"
            return found


def _trimmed(thing: S) -> S:
    texts = {
        name: cut(value) for name in thing.__struct_fields__ if isinstance(value := getattr(thing, name), str)
    }
    return msgspec.structs.replace(thing, **texts)
