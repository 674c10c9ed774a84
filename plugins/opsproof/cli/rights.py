"""The least rights of the selected checks: as files to apply, and whether they are there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from opsproof.environment.kinds import collector_of, kinds
from opsproof.examine.decide import Item
from opsproof.model.failure import CollectionError
from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.source import load
from opsproof.model.target import Target
from opsproof.transport.link import Link, Request
from opsproof.transport.turns import InTurn

_WITHIN = 60.0


@dataclass(frozen=True)
class Wanted:
    """What the selected items need on one target, what identifying it needs included."""

    target: Target
    rights: Rights | None
    needs: tuple[Need, ...]

    def written(self, account: Account) -> Iterable[RightsFile]:
        """The files for an account; none where nothing has to be given."""
        files = self.rights.files(self.needs, self.target, account) if self.rights is not None else ()
        return [self._marked(file) for file in files]

    def _marked(self, file: RightsFile) -> RightsFile:
        """With a line for each sensitive right, where its language skips such lines."""
        if not file.comment:
            return file
        marks = (f"{file.comment} SENSITIVE {need}: {more}\n" for need, more in self.sensitive)
        return msgspec.structs.replace(file, text="".join([*marks, file.text]))

    @property
    def sensitive(self) -> tuple[tuple[Need, str], ...]:
        """Rights that give more than is read, each with what it gives."""
        if self.rights is None:
            return ()
        return tuple((need, more) for need in self.needs if (more := self.rights.sensitive(need)))


def wanted(items: Iterable[Item], targets: Mapping[str, Target]) -> list[Wanted]:
    """By target, in the order of their names; only targets that the items ask."""
    needs: dict[str, set[Need]] = {}
    for item in items:
        for target, found in _of_item(item):
            needs.setdefault(target, set()).update(found)
    return [one for name, found in sorted(needs.items()) for one in _of(targets[name], found)]


def _of_item(item: Item) -> Iterator[tuple[str, Iterable[Need]]]:
    """What its asks need, and what the asks will need that follow from their answers, as arguments tell."""
    yield from ((ask.target, ask.needs) for ask in item.all_asks)
    if item.undecidable is None:
        tellers = (source for source in item.check.sources.values() if hasattr(source, "needs"))
        for teller in tellers:
            yield from teller.needs(item.context)


def _of(target: Target, needs: set[Need]) -> Iterator[Wanted]:
    """What asks need may have to be given on another target than theirs; then theirs needs what its kind always does."""
    on = target.settings.rights_on(target)
    if on is not target:
        yield _of_kind(target, set())
    yield _of_kind(on, needs)


def _of_kind(target: Target, needs: set[Need]) -> Wanted:
    place = kinds()[target.kind].rights
    rights: Rights | None = load(place) if place else None
    identity = rights.identity if rights is not None else ()
    return Wanted(target, rights, tuple(sorted({*needs, *identity})))


@dataclass(frozen=True)
class Checked:
    """What of it is missing by the target's own answer, or why it gave none; and what was asked.

    `asked` is False of kinds that cannot be asked: what they lack is seen when it is used.
    """

    wanted: Wanted
    missing: tuple[Need, ...]
    failure: str
    requests: tuple[Request, ...]
    asked: bool = True

    @property
    def good(self) -> bool:
        return not self.missing and not self.failure


def checked(one: Wanted) -> Checked:
    """Ask the target what we may do there, and nothing else."""
    requests: list[Request] = []
    target = one.target
    link = Link(target, "rights", slots=InTurn(), record=requests.append, deadline=time.monotonic() + _WITHIN)
    try:
        collector = collector_of(target.kind)(target)
        try:
            if not hasattr(collector, "lacks"):
                return Checked(one, (), "", (), asked=False)
            missing = tuple(collector.lacks(one.needs, link))
        finally:
            collector.close()
    except CollectionError as error:
        return Checked(one, (), error.message, tuple(requests))
    return Checked(one, missing, "", tuple(requests))
