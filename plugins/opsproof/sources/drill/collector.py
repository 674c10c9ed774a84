"""Reads the records of drills from their folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, Forbidden
from opsproof.model.target import Target, TargetReport
from opsproof.sources.drill.facts import Drill, Drills, DrillsOf
from opsproof.transport.link import Link

RECORD = re.compile(r"(?P<began>\d{8}T\d{6}Z)-[0-9a-f]{6}\.json")
_MOST = 16 * 2**20  # bytes of one record: a hundred thousand tables


class DrillCollector:
    """Newest first, and no more of them than it takes."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def collect(self, ask: Ask, link: Link) -> Drills:
        if not isinstance(ask, DrillsOf):
            raise BadAnswer(f"records of drills cannot answer {type(ask).__name__}", target=self.target.id)
        with link.request("LIST", "records") as entry:
            names = self._names()
            entry.status = "ok"
        link.clock = datetime.now(timezone.utc)  # they are of this machine
        if names is None:
            return Drills(role=ask.role, folder=False)
        others: list[str] = []
        drills = self._drills(names, others, link)
        newest = next(drills, None)
        succeeded = (
            newest if newest is None or newest.good else next((one for one in drills if one.good), None)
        )
        return Drills(
            role=ask.role, folder=True, count=len(names) - len(others), others=len(others), newest=newest,
            succeeded=succeeded,
        )  # fmt: skip

    def identify(self, link: Link) -> TargetReport:
        """It is a folder of this machine; there is nobody to ask."""
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            declared=dict(self.target.identity),
        )

    def close(self) -> None:
        """Nothing stays open."""

    @property
    def _folder(self) -> Path:
        return Path(self.target.settings.records)

    def _names(self) -> list[str] | None:
        """Of the records, newest first; None without a folder."""
        try:
            return sorted(
                (one.name for one in self._folder.iterdir() if RECORD.fullmatch(one.name)), reverse=True
            )
        except FileNotFoundError:
            return None
        except PermissionError:
            raise Forbidden("the folder of records may not be listed", target=self.target.id) from None

    def _drills(self, names: list[str], others: list[str], link: Link) -> Iterator[Drill]:
        """Those of this target; `others` is filled with the names of those that are not."""
        for name in names:
            with link.request("READ", name) as entry:
                drill = self._read(name, link)
                entry.status = "ok"
            if self.target.settings.made(drill):
                yield drill
            else:
                others.append(name)

    def _read(self, name: str, link: Link) -> Drill:
        try:
            with (self._folder / name).open("rb") as file:
                content = file.read(_MOST + 1)
        except PermissionError:
            raise Forbidden(f"the record {name} may not be read", target=self.target.id) from None
        link.read(len(content))
        try:
            drill = msgspec.json.decode(content, type=Drill)
        except (msgspec.DecodeError, RecursionError):
            raise BadAnswer(f"the record {name} is damaged or no record", target=self.target.id) from None
        if f"{drill.id}.json" != name:
            raise BadAnswer(f"the record {name} is of another drill", target=self.target.id)
        return drill
