"""The plan: what a run could decide, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from opsproof.environment.environment import Environment
from opsproof.examine.decide import Item
from opsproof.model.requirement import Requirement, Waiver
from opsproof.model.result import ItemRecord, Plan
from opsproof.model.target import Target
from opsproof.plan.secrets import unmet


class Planned(msgspec.Struct, frozen=True):
    """What a run could decide, and what is wrong. Nothing is asked while there are problems.

    `files` are those that were imported, with the names of the checks that each brings.
    """

    items: tuple[Item, ...]
    record: Plan
    environments: tuple[str, ...]
    targets: Mapping[str, Target]
    waivers: tuple[tuple[str, Waiver], ...]
    digests: dict[str, str]
    gate: str
    recording: Path | None
    live: bool
    chosen: tuple[Environment, ...]
    files: Mapping[Path, tuple[str, ...]]
    rows: Mapping[tuple[str, str], Requirement]
    waivers_by_system: Mapping[str, tuple[Waiver, ...]]
    problems: tuple[str, ...] = ()

    def unmet(self, items: Sequence[Item]) -> tuple[str, ...]:
        """What keeps the targets of these items from being asked, one line each. A replay asks nobody.

        It is looked at when the items are selected: what nobody selected needs no secret.
        """
        return unmet(self.chosen, items) if self.live else ()

    def row(self, item: Item) -> Requirement:
        return self.rows[item.system, item.requirement]

    def markers(self, item: Item) -> Iterator[str]:
        """What `-m` sees of an item."""
        row = self.row(item)
        yield item.level.value
        yield from row.markers
        yield row.system
        if row.kind == "gate":
            yield "gate"

    def waivers_of(self, item: Item) -> tuple[Waiver, ...]:
        return self.waivers_by_system.get(item.system, ())

    def with_nodeids(self, nodeids: Mapping[int, str]) -> Plan:
        """The plan's record, its selected items named as pytest knows them."""
        items = tuple(
            ItemRecord(
                nodeids.get(id(item), ""),
                f"{item.system}/{item.environment}/{item.requirement}",
                item.check.name,
            )
            for item in self.items
        )
        return msgspec.structs.replace(self.record, items=items)
