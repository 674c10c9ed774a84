"""What restore drills found: times, counts and SQLSTATEs. No data, no SQL, no message of a server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Undecided
from opsproof.model.moment import SKEW_TRUSTED, Clocked, clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject

# The steps of a drill, in this order.
CHOOSE, MAKE, LOAD, LOOK, COUNT = (
    "choose the newest dump",
    "make a database",
    "load the dump",
    "look at the restored data",
    "count the rows",
)
# Those of Velero, between which it is looked at the restored data, too.
CHOOSE_BACKUP, MAKE_NAMESPACE, RESTORE = "choose the newest backup", "make a namespace", "restore the backup"


OF_BUCKET = ("s3:ListBucket", "s3:GetObject")


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored: a file by its name, an object as s3://bucket/key. `made` is what that says, `bytes` and
    `sha256` are of the file or object as it was read.

    Or a backup of Velero: `made` is when it was begun, and nothing is known of its size.
    """

    name: str
    made: datetime
    bytes: int = 0
    sha256: str = ""


class TableRows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a table: as counted when the dump was made, and after it was restored (None: no such table).

    Of Velero the one table is `items`: those of the backup that were to be restored, and those that were.
    """

    table: str
    wanted: int
    found: int | None = None

    @property
    def equal(self) -> bool:
        return self.found == self.wanted


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a drill. `failure` says in our words why it failed, `sqlstate` in PostgreSQL's."""

    name: str
    seconds: float
    failure: str = ""
    sqlstate: str = ""

    @property
    def told(self) -> str:
        """What failed, and why."""
        return f"{self.name}: {self.failure}" + (f" (SQLSTATE {self.sqlstate})" if self.sqlstate else "")


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """One restore of one dump.

    Args:
        ended: None while it runs, and for good where it was killed.
        into: the id of the target, `identity` what it proved.
        others: sessions of others in the restored database; None where it never came to that.
        uncounted: tables of the restored data that the counts beside the dump do not name.
        newest: of the newest row in the restored data.
        rto: seconds from its beginning until all was restored and examined; None where it failed.
        left: what it could not take away again.
    """

    id: str
    began: datetime
    ended: datetime | None = None
    into: str
    identity: dict[str, str] = {}
    dump: Dump | None = None
    steps: tuple[Step, ...] = ()
    rows: tuple[TableRows, ...] = ()
    counted: bool = False
    uncounted: int = 0
    others: int | None = None
    newest: datetime | None = None
    rto: float | None = None
    left: str = ""

    @property
    def subject(self) -> Subject:
        return Subject("drill", self.id)

    @property
    def failed(self) -> Step | None:
        """The step that did not succeed."""
        return next((step for step in self.steps if step.failure), None)

    def step(self, name: str) -> Step | None:
        """The step of that name; None where it did not come to it."""
        return next((step for step in self.steps if step.name == name), None)

    def require_order(self) -> None:
        """Raises Undecided: what is in it is dated after it, and tells nothing of what would be lost."""
        if self.rpo is not None and self.rpo < -SKEW_TRUSTED:
            raise Undecided(
                f"the newest row is of {self.newest:%Y-%m-%d %H:%M %Z}, after the drill: the SQL of `newest` gives no"
                " moment at which a row was written, or a clock is wrong"
            )

    @property
    def good(self) -> bool:
        """It ended, and each step succeeded."""
        return self.ended is not None and self.rto is not None and self.failed is None

    @property
    def rpo(self) -> float | None:
        """Seconds between the newest row of the data and the drill; None where there is none."""
        return None if self.newest is None else (self.began - self.newest).total_seconds()


class Drills(Clocked, frozen=True, kw_only=True):
    """The drills that a folder of records tells of: how many, and the newest. `folder` is False where there is none.

    `others`: records beside them, as far as they were read, of dumps with other names or of another kind of drill.
    """

    role: str
    folder: bool
    count: int = 0
    others: int = 0
    newest: Drill | None = None
    succeeded: Drill | None = None

    @property
    def subject(self) -> Subject:
        return Subject("drills", self.role)

    @property
    def none(self) -> str:
        """What is there where no drill is."""
        if not self.others:
            return "no drill was ever made"
        return (
            f"no drill was ever made: the {self.others} records in the folder are of others, by their dumps"
        )

    def require_past(self, drill: Drill) -> None:
        """Raises Undecided: it would stay the newest, and young, until that moment has come."""
        if self.clock is not None:
            self.clock.age(drill.began).require_past(f"the record of {drill.id}")


class DrillsOf(Ask, frozen=True, kw_only=True, tag="drill/newest"):
    """The newest drill, and the newest that succeeded, where that is another."""

    role: str
    answer: ClassVar[Any] = Drills


@dataclass(frozen=True)
class NewestDrill:
    """Source: the `Drills` of the row's target of kind drill."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("drill")
        return (DrillsOf(target=target.id, role=target.role),)

    def needs(self, context: Context) -> Iterable[tuple[str, tuple[Need, ...]]]:
        """What the drill itself does with a bucket of dumps; to read its records, nothing is needed."""
        target = context.target("drill")
        if target.settings.bucket is not None:
            yield target.id, tuple(map(Need, OF_BUCKET))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Drills:
        found: Drills = clocked(answers[0].value(), answers[0].clock)
        return found


Records = Annotated[Drills, NewestDrill()]
