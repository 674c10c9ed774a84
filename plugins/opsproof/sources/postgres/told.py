"""What all answers of a PostgreSQL server tell: who asked, whether it sees others, and whether a standby answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Forbidden, Undecided
from opsproof.model.moment import Age, Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.model.units import Unit


class Told(Clocked, frozen=True, kw_only=True):
    """Base of the facts. `complete` is False for a role that may not see what others do.

    `standby`: the server is in recovery. What it counts is its own, and not its primary's.
    """

    role: str
    user: str
    database: str
    complete: bool
    standby: bool

    @property
    def subject(self) -> Subject:
        return Subject("database", self.role)

    def age(self, at: datetime | None) -> Age | None:
        """How long ago that was by the server's clock; None where it tells none."""
        return self.clock.age(at) if at is not None and self.clock is not None else None

    def require_complete(self) -> None:
        """Raises Forbidden: others are hidden from the role."""
        if not self.complete:
            raise Forbidden(
                f"GRANT pg_read_all_stats TO {self.user} is missing: other sessions are hidden",
                target=f"postgres:{self.role}" if self.clock is None else self.clock.target,
            )

    def require_primary(self, *, standby: bool) -> None:
        """Raises Undecided: a standby answers where the row is about a primary, or the other way round."""
        if self.standby and not standby:
            raise Undecided("in recovery: a standby answers, whose statistics are its own; name the primary")
        if standby and not self.standby:
            raise Undecided("a primary answers, and the row is about a standby")


class StatisticsOf(Ask, frozen=True, kw_only=True):
    """Base of the asks that a role with pg_read_all_stats answers in full."""

    role: str
    needs: ClassVar[tuple[Need, ...]] = (Need("CONNECT"), Need("USAGE", "pg_read_all_stats"))


@dataclass(frozen=True)
class Postgres:
    """Source: what the row's target of kind postgres answers to an ask.

    Args:
        ask: its class.
        fields: fields of the ask that the limits of the same name give.
    """

    ask: type[Ask]
    fields: tuple[str, ...]

    def __init__(self, ask: type[Ask], *fields: str) -> None:
        object.__setattr__(self, "ask", ask)
        object.__setattr__(self, "fields", fields)

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("postgres")
        more = {name: _plain(getattr(context.limits, name)) for name in self.fields}
        return (self.ask(target=target.id, role=target.role, **more),)  # type: ignore[call-arg]

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        return answers[0].value()


def _plain(value: Any) -> Any:
    """A limit as asks hold it."""
    if isinstance(value, Unit):
        return int(value) if value.unit == "count" else float(value)
    return value
