"""--wait: what is undecided or in transition is asked again, until all is decided or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat

import msgspec
import pytest
from msgspec.structs import replace

from opsproof.evidence.files import locked, write_atomically
from opsproof.evidence.run import Attempt, Run, utc_now
from opsproof.evidence.servers import verdict
from opsproof.examine.decide import Item
from opsproof.hooks.running import Running
from opsproof.model.ask import Identify
from opsproof.model.finding import ItemResult
from opsproof.model.outcome import Outcome

LONGEST = 15.0  # seconds between two attempts
Pause = Callable[[float], None]


class Waited(msgspec.Struct, kw_only=True):
    """What came of waiting, by the items' places in the plan, which all processes share.

    `attempts` counts how often an item's asks were asked. `final` are the items that failed for good, as they
    were decided then; `seen` says by which attempt at each ask.
    """

    attempts: dict[int, int] = {}
    final: dict[int, ItemResult] = {}
    seen: dict[int, dict[str, int]] = {}


class Decisions(msgspec.Struct, frozen=True):
    """How the items of a session come to their one result each.

    `places` has the items' places in the plan; `before` what a replayed run decided on earlier attempts.
    """

    running: Running
    waited: Waited
    places: Mapping[int, int]
    before: Mapping[tuple[str, str], ItemResult]

    @classmethod
    def of(cls, running: Running, waited: Waited) -> Decisions:
        source = running.planning.source
        return cls(running, waited, _places(running), decided_before(source) if source is not None else {})

    def decide(self, item: Item) -> ItemResult:
        """A final result as it was, and any other on the newest answers; a replay on those of its run."""
        place = self.places[id(item)]
        recorded = self.before.get((f"{item.system}/{item.environment}/{item.requirement}", item.check.name))
        if recorded is not None:
            result = self.running.decide(item, recorded.decided_on)
            return replace(result, attempts=recorded.attempts, decided_on=recorded.decided_on)
        attempts = self.waited.attempts.get(place, 1)
        if place in self.waited.final:
            seen = self.waited.seen[place].items()
            earlier = {digest: number for digest, number in seen if number <= self.running.superseded(digest)}
            return replace(self.waited.final[place], attempts=attempts, decided_on=earlier)
        return replace(self.running.decide(item), attempts=attempts)


decisions_key = pytest.StashKey[Decisions]()


def pending(result: ItemResult) -> bool:
    """It may come out otherwise when it is asked again. A FAIL that is not in transition is final."""
    if result.outcome is Outcome.FAIL or not result.asks:
        return False
    return any(one.outcome is Outcome.UNKNOWN or one.in_transition for one in result.findings)


def pauses() -> Iterator[float]:
    """Growing, so that a quick change is seen soon and a slow one costs little."""
    return chain((1.0, 2.0, 4.0, 8.0), repeat(LONGEST))


def wait(
    running: Running,
    items: Mapping[int, Item],
    ends: float,
    *,
    steps: Iterator[float] | None = None,
    pause: Pause = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Waited:
    """Decide, and ask again what is not decided.

    Args:
        running: the run, with everything asked once.
        items: what is to be decided, by its place in the plan.
        ends: when no further attempt begins, by `clock`.
        steps: the pauses before the attempts.
        pause: waits that many seconds.
        clock: tells the time.

    Raises:
        Unwritable: an answer could not be kept.
    """
    waited, results = Waited(), {place: running.decide(item) for place, item in items.items()}
    for number, step in enumerate(steps or pauses(), start=2):
        _settle(running, results, waited)
        open_ = {place: one for place, one in results.items() if place not in waited.final and pending(one)}
        left = ends - clock()
        if not open_ or left <= 0:
            return waited
        running.tell(_progress(list(open_.values()), len(items), min(step, left), left))
        pause(min(step, left))
        _again(running, {place: items[place] for place in open_}, open_, number)
        renewed = {digest for one in open_.values() for digest in one.asks}
        for place, one in results.items():
            if place in open_:
                waited.attempts[place] = number
            if place not in waited.final and not renewed.isdisjoint(one.asks):
                results[place] = running.decide(items[place])
    return waited


def collected(running: Running, items: Sequence[Item]) -> Waited:
    """Ask for all that the items need; with --wait, until they are decided or the time is up.

    Over all processes of a run one waits, and the others take what came of it.
    """
    settings, places = running.planning.settings, _places(running)
    if not settings.wait:
        running.collect(items)
        return Waited()
    folder = running.run.folder / ".slots"
    with running.keeping(), locked(folder / "waiting"):
        done = folder / "waited"
        if done.exists():
            running.collect(items)
            return msgspec.json.decode(done.read_bytes(), type=Waited)
        running.collect(items)
        running.collection.on_progress = lambda progress: None
        waited = wait(running, {places[id(item)]: item for item in items}, time.monotonic() + settings.wait)
        write_atomically(done, [running.collection.redactor.json(msgspec.json.encode(waited))])
        return waited


def _places(running: Running) -> dict[int, int]:
    return {id(item): place for place, item in enumerate(running.planning.planned.items)}


def decided_before(run: Run) -> dict[tuple[str, str], ItemResult]:
    """What a replayed run decided on an earlier attempt than the last, by requirement and check."""
    if not any((run.folder / "facts").glob("*.1.json.gz")):
        return {}
    return {(one.key, one.check): one for one in run.results() if one.attempts > 1 or one.decided_on}


def _settle(running: Running, results: Mapping[int, ItemResult], waited: Waited) -> None:
    """Keep those that failed just now, with the attempts at their asks that show it."""
    for place, one in results.items():
        if one.outcome is Outcome.FAIL and place not in waited.final:
            waited.final[place] = one
            waited.seen[place] = {digest: running.superseded(digest) + 1 for digest in one.asks}


def _again(
    running: Running, items: Mapping[int, Item], results: Mapping[int, ItemResult], number: int
) -> None:
    digests = tuple(dict.fromkeys(digest for one in results.values() for digest in one.asks))
    targets = {ask.target for item in items.values() for ask in item.all_asks}
    requirements = tuple(dict.fromkeys(one.key for one in results.values()))
    with running.keeping():
        running.run.journal.append("attempt", Attempt(number, utc_now(), digests, requirements))
        running.collection.set_aside([*digests, *_unproven(running, targets)], targets)
    running.collect(list(items.values()))


def _unproven(running: Running, targets: set[str]) -> Iterator[str]:
    """The targets that did not prove who they are have to be asked that again, too."""
    for target in targets & running.planning.planned.targets.keys():
        answer = running.collection.identify(target)
        declared = running.planning.planned.targets[target]
        if answer.facts is None or verdict(declared, answer.facts) == "mismatch":
            yield Identify(target=target).digest


def _progress(open_: Sequence[ItemResult], total: int, step: float, left: float) -> str:
    names = list(dict.fromkeys(one.requirement for one in open_))
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (
        f"waiting: {len(open_)} of {total} undecided or in transition, asked again in {step:.0f} s "
        f"({left:.0f} s left): {' '.join(names[:8])}{more}"
    )
