"""A drill from its beginning to its end: chosen, restored, examined, measured, taken away, recorded."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import psycopg

from opsproof.drill import dumps, examined, janitor, scratch
from opsproof.drill.dumps import Found, Stream, Unreadable
from opsproof.drill.examined import NotExamined
from opsproof.drill.restore import Client, NotRestored
from opsproof.drill.scratch import Scratch
from opsproof.evidence.files import write_atomically, writing
from opsproof.model.target import Target
from opsproof.sources.drill.facts import CHOOSE, COUNT, LOAD, LOOK, MAKE, Drill, Dump, Step

Tell = Callable[[str], None]


class _Stop(Exception):
    """A step failed, and with it the drill."""


def perform(target: Target, into: Scratch, tell: Tell) -> Drill:
    """Restore the newest dump, and leave a record of it, whatever happens.

    Raises:
        Refused: somebody drills there now; nothing was done.
        Unwritable: the record cannot be kept; nothing was done.
    """
    with scratch.alone(into):
        return _Performance(target, into, tell).run()


@dataclass
class _Performance:
    """`drill` is what is known so far; its record is written when it begins, and again when it has ended."""

    target: Target
    into: Scratch
    tell: Tell
    began: float = field(default_factory=time.monotonic)
    drill: Drill = field(init=False)

    def __post_init__(self) -> None:
        now = datetime.now(timezone.utc)
        self.drill = Drill(
            id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
            began=now,
            into=self.into.id,
            identity=dict(self.into.identity),
        )

    @property
    def _database(self) -> str:
        return scratch.PREFIX + self.drill.id.lower().replace("-", "_")

    def run(self) -> Drill:
        self._keep()
        try:
            with suppress(_Stop):
                self._restored()
                self._know(rto=round(time.monotonic() - self.began, 3))
        finally:
            self._know(ended=datetime.now(timezone.utc))
            self._keep()
        return self.drill

    def _restored(self) -> None:
        with self._step(CHOOSE):
            found = dumps.newest(self.target.settings.dumps)
        self._know(dump=Dump(name=found.name, made=found.made))
        with janitor.watching(scratch.parameters(self.into.settings), self._database):
            try:
                self._loaded(found)
                self._examined(found)
            finally:
                self._dropped()

    def _loaded(self, found: Found) -> None:
        with self._step(MAKE):
            settings = self.target.settings
            scratch.create(self.into, self._database, settings.template, settings.owner)
        stream = Stream(found.path)
        try:
            with self._step(LOAD):
                deadline = self.began + float(self.target.settings.within)
                Client(scratch.parameters(self.into.settings, self._database)).load(stream.parts(), deadline)
        finally:
            self._know(dump=Dump(name=found.name, made=found.made, bytes=stream.bytes, sha256=stream.sha256))

    def _examined(self, found: Found) -> None:
        with self._step(LOOK), scratch.session(self.into.settings, self._database) as at:
            self._know(others=examined.others(at), newest=examined.newest(at, self.target.settings.newest))
        beside = self.target.settings.manifest_of(found.path.name)
        if beside is None:
            return
        with self._step(COUNT), scratch.session(self.into.settings, self._database) as at:
            counts = examined.rows(at, examined.manifest(found.path.with_name(beside)))
            self._know(rows=counts, counted=True)
            if unequal := [one for one in counts if not one.equal]:
                raise NotExamined(
                    f"{len(unequal)} of {len(counts)} tables have other rows than were counted for the dump"
                )

    def _dropped(self) -> None:
        try:
            with scratch.session(self.into.settings) as at:
                scratch.drop(at, self._database)
        except psycopg.Error:
            self._know(left=f"database {self._database}")

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.tell(name)
        began, failure, sqlstate = time.monotonic(), "", ""
        try:
            yield
        except NotRestored as error:
            failure, sqlstate = error.message, error.sqlstate
        except (Unreadable, NotExamined) as error:
            failure = str(error)
        except psycopg.Error as error:
            failure, sqlstate = "the server refused or was lost", error.sqlstate or ""
        step = Step(name=name, seconds=round(time.monotonic() - began, 3), failure=failure, sqlstate=sqlstate)
        self._know(steps=(*self.drill.steps, step))
        if failure:
            raise _Stop

    def _know(self, **more: object) -> None:
        self.drill = msgspec.structs.replace(self.drill, **more)

    def _keep(self) -> None:
        folder = Path(self.target.settings.records)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_atomically(
            folder / f"{self.drill.id}.json", [msgspec.json.format(msgspec.json.encode(self.drill))]
        )
