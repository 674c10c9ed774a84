"""A drill from its beginning to its end: chosen, restored, examined, measured, taken away, recorded."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg

from opsproof.drill import examined, janitor, scratch, store
from opsproof.drill.cluster import Cluster
from opsproof.drill.dumps import Found, Store, Stream, Unreadable
from opsproof.drill.examined import NotExamined
from opsproof.drill.record import Performance, Tell
from opsproof.drill.restore import Client, NotRestored
from opsproof.drill.scratch import Elsewhere, Scratch
from opsproof.drill.velero import restored_by_velero
from opsproof.model.target import Target
from opsproof.sources.drill.facts import CHOOSE, COUNT, LOAD, LOOK, MAKE, Drill, Dump


def perform(target: Target, into: Scratch | Cluster, tell: Tell) -> Drill:
    """Restore the newest backup, and leave a record of it, whatever happens.

    Raises:
        Refused: somebody drills there now, or the bucket is another than is declared; nothing was done.
        Unwritable: the record cannot be kept; nothing was done.
    """
    if isinstance(into, Cluster):
        return restored_by_velero(target, into, tell)
    with store.opened(target) as dumps, scratch.alone(into):
        return _OfDump(target, into.id, into.identity, tell, server=into, dumps=dumps).run()


@dataclass(kw_only=True)
class _OfDump(Performance):
    """A dump of PostgreSQL, into a database of the drill's own."""

    failures = (NotRestored, Unreadable, NotExamined, Elsewhere, psycopg.Error)

    server: Scratch
    dumps: Store

    @property
    def _database(self) -> str:
        return scratch.PREFIX + self.name.replace("-", "_")

    def said(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, NotRestored):
            return error.message, error.sqlstate
        if isinstance(error, psycopg.Error):
            return "the server refused or was lost", error.sqlstate or ""
        return str(error), ""

    def restored(self) -> None:
        with self.step(CHOOSE):
            found = self.dumps.newest(self.deadline)
        self.know(dump=Dump(name=found.name, made=found.made))
        with janitor.watching(scratch.parameters(self.server.settings), self._database):
            try:
                self._loaded(found)
                self._examined(found)
                self.examined = time.monotonic()
            finally:
                self._dropped()

    def _loaded(self, found: Found) -> None:
        with self.step(MAKE):
            settings = self.target.settings
            scratch.create(self.server, self._database, settings.template, settings.owner)
        stream = Stream(found)
        try:
            with self.step(LOAD):
                Client(scratch.parameters(self.server.settings, self._database)).load(
                    stream.parts(), self.deadline
                )
        finally:
            self.know(dump=Dump(name=found.name, made=found.made, bytes=stream.bytes, sha256=stream.sha256))

    def _examined(self, found: Found) -> None:
        settings = self.target.settings
        with self.step(LOOK), scratch.session(self.server.settings, self._database) as at:
            self.know(others=examined.others(at))
            self.know(newest=examined.newest(at, settings.newest, self.deadline))
        if settings.counts is None:
            return
        with self.step(COUNT), scratch.session(self.server.settings, self._database) as at:
            wanted = examined.manifest(found.beside(settings.manifest_of))
            counts = examined.rows(at, wanted, self.deadline)
            self.know(rows=counts, counted=True, uncounted=examined.uncounted(at, wanted, self.deadline))
            if unequal := [one for one in counts if not one.equal]:
                raise NotExamined(
                    f"{len(unequal)} of {len(counts)} tables have other rows than were counted for the dump"
                )

    def _dropped(self) -> None:
        try:
            scratch.take_away(self.server, self._database)
        except (psycopg.Error, Elsewhere):
            self.know(left=f"database {self._database}")
