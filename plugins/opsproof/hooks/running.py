"""Running: one process's part of a run, from its folder to the last result."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from opsproof.collect.collection import Collection, Progress
from opsproof.collect.deadline import Deadline
from opsproof.collect.exchange import Exchange, exchanged
from opsproof.collect.redaction import Redactor, Share
from opsproof.collect.secrets import secrets_of
from opsproof.evidence import provenance
from opsproof.evidence.files import Unwritable
from opsproof.evidence.passing import Passing
from opsproof.evidence.run import Run, utc_now
from opsproof.evidence.store import Store
from opsproof.evidence.verify import verify
from opsproof.examine.decide import Item, decide
from opsproof.examine.examination import MOST
from opsproof.hooks.garbage import rarely_searched
from opsproof.hooks.planning import Planning
from opsproof.judge.waivers import use, waived
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.finding import ItemResult
from opsproof.model.level import Level
from opsproof.model.result import Provenance, Selection
from opsproof.model.subject import Subject
from opsproof.transport.memory import Memory

Stop = Callable[[str], BaseException]
Tell = Callable[[str], None]
NEWEST: Mapping[str, int] = MappingProxyType({})
_FINDINGS = 40_000  # of a whole run that are written one by one: more would not fit into memory
_USUAL = 1000  # bytes of one; a longer one counts for several
_LEAST_FINDINGS = 100  # of an item, however many those before it had


class Running(msgspec.Struct):
    """The run while it is under way: its folder and its answers.

    `stop` gives the exception that ends the process's session; `tell` prints a line. `unwritten` is the first
    reason why something could not be kept: whatever else comes out, the run counts for nothing.
    """

    planning: Planning
    run: Run
    collection: Collection
    ends: float
    stop: Stop
    tell: Tell
    unwritten: str = ""
    worker: bool = False
    guard: Deadline | None = None
    found: int = 0
    exchange: Exchange | None = None

    def select(self, selection: Selection, nodeids: dict[int, str]) -> None:
        """Write down what this run is to decide: the expected, against which the journal is held.

        Args:
            selection: what of the plan is to be decided.
            nodeids: the selected items' names, by the identity of what was planned.
        """
        with self.keeping():
            # A plan without its items would look like a run of nothing: the selection comes last.
            self.run.write("plan.json", self.planning.planned.with_nodeids(nodeids))
            self.run.write("selection.json", selection)

    def collect(self, items: Sequence[Item]) -> None:
        """Ask for everything that the selected items need, each thing once over all processes."""
        with self.keeping(), rarely_searched():
            self.collection.gather(ask for item in items for ask in item.all_asks)
            self.collection.gather(ask for item in items for ask in item.derived(self.collection.answer))

    def decide(self, item: Item, attempts: Mapping[str, int] = NEWEST) -> ItemResult:
        """Decide an item on the newest answers, but for those asks of which an earlier attempt is named."""

        def answer(ask: Ask) -> Answer[Any]:
            if ask.digest in attempts:
                return self.collection.store.answer(ask, self.planning.now, attempts[ask.digest])
            return self.collection.answer(ask)

        with self.keeping():
            result = decide(item, answer, self._keep_passing, most_findings(self.found))
        return waived(result, self.planning.planned.waivers_of(item), self.planning.now)

    def _keep_passing(self, result: ItemResult, subjects: Iterable[Subject]) -> None:
        Passing(self.run.folder).keep(result, subjects, self.collection.redactor.json)

    def record(self, result: ItemResult) -> ItemResult:
        """Put the result into the journal the moment it exists; gives it as it lies there, redacted."""
        encoded = msgspec.json.encode(result)
        harmless = self.collection.redactor.json(encoded)
        redacted = result if harmless == encoded else msgspec.json.decode(harmless, type=ItemResult)
        self.found += max(len(result.findings), len(encoded) // _USUAL)
        with self.keeping():
            self.run.journal.append("result", redacted)
        self.goes_on()
        return redacted

    def goes_on(self) -> None:
        """Something was decided, here or by a worker: the process is not stuck."""
        if self.guard is not None:
            self.guard.decided()

    def guarded(self) -> None:
        """From here on a process beside this one ends it when it is stuck beyond the run's deadline."""
        if self.collection.live:
            left = self.ends - time.monotonic()
            self.guard = Deadline(left, self.planning.settings.deadline, self._finishing())

    def _finishing(self) -> list[str]:
        """What makes the reports of the journal when this process was killed; the controller's to do."""
        rebuild = "from opsproof.cli import main; main()"
        return [] if self.worker else [sys.executable, "-c", rebuild, "report", str(self.run.folder)]

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """End the session, without a traceback, where what it finds cannot be kept."""
        try:
            yield
        except Unwritable as why:
            self.unwritten = self.unwritten or str(why)
            raise self.stop(self.unwritten) from None

    def told(self) -> dict[str, Any]:
        """What a worker has to know to join."""
        if self.exchange is None and self.collection.live:
            self.exchange = Exchange(self.collection.redactor.add)
        return {
            "exchange": self.exchange.address if self.exchange is not None else "",
            "systems": str(self.planning.settings.systems),
            "folder": str(self.run.folder),
            "now": self.planning.now.isoformat(),
            "ends": self.ends,
        }

    def superseded(self, digest: str) -> int:
        """How many answers to an ask are of earlier attempts than the last."""
        return self.collection.store.superseded(digest)

    def close(self) -> None:
        self.collection.close()
        if self.exchange is not None:
            self.exchange.close()
        if self.guard is not None:
            self.guard.close()


def most_findings(found: int, workers: int | None = None) -> int:
    """How many findings an item may have after so many of the same process: workers share those of a run."""
    sharing = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) if workers is None else workers
    return max(_LEAST_FINDINGS, min(MOST, _FINDINGS // sharing - found))


running_key = pytest.StashKey[Running]()


def begin(planning: Planning, stop: Stop, tell: Tell) -> Running:
    """Make the run's folder, and write down who runs what.

    Raises:
        Unwritable: there is no room for it; no beginning of a run is left.
    """
    ends = time.monotonic() + planning.settings.deadline + planning.settings.wait
    run = Run.create(planning.settings.reports, utc_now())
    try:
        run.journal.append("start", _provenance(planning, run))
        run.write("plan.json", planning.planned.record)
        for system, waiver in planning.planned.waivers:
            run.journal.append("waiver", use(waiver, system, planning.now))
    except Unwritable:
        run.discard()
        raise
    return Running(planning, run, _collection(planning, run, ends, tell), ends, stop, tell)


def join(planning: Planning, told: dict[str, Any], stop: Stop, tell: Tell) -> Running:
    """Become part of the controller's run."""
    run, ends = Run(Path(told["folder"])), float(told["ends"])
    share = partial(exchanged, told["exchange"]) if told["exchange"] else None
    collection = _collection(planning, run, ends, tell, share)
    return Running(planning, run, collection, ends, stop, tell, worker=True)


def now_of(told: dict[str, Any]) -> datetime:
    """The moment that the controller decides by."""
    return datetime.fromisoformat(told["now"])


def _provenance(planning: Planning, run: Run) -> Provenance:
    settings, planned, source = planning.settings, planning.planned, planning.source
    versions = provenance.versions()
    verdict = verify(source.folder) if source else None
    unsound = verdict if verdict and not verdict.sound else None
    return Provenance(
        run=run.id,
        started=utc_now(),
        now=planning.now,
        mode=planning.mode,
        source_run=source.id if source else "",
        source_unsound=str(unsound) if unsound else "",
        source_accepted=settings.accept_altered,
        environments=planned.environments,
        command=Redactor().text(" ".join(settings.command)),
        user=provenance.user(),
        host=provenance.host(),
        ci=provenance.ci(),
        git=provenance.git(settings.rootdir),
        versions=versions,
        digests=planned.digests,
        gate=Level(settings.gate or planned.gate),
        changed_limits={f"{one.requirement}.{one.limit}": one.value for one in settings.changes},
        given=dict(planning.given.values),
        strict_selection=settings.strict_selection,
        code_differs=source.code_differs(versions, planned.digests) if source else "",
    )


def _collection(
    planning: Planning, run: Run, ends: float, tell: Tell, share: Share | None = None
) -> Collection:
    source, targets = planning.source, planning.planned.targets
    collection = Collection(
        run.folder,
        planning.now,
        ends,
        targets,
        Redactor(secrets_of(targets.values()) if source is None else (), share),
        live=source is None,
        on_progress=lambda progress: _collected(progress, tell),
        memory=Memory(planning.settings.memory),
    )
    if source is not None:
        collection.store = Store(source.folder / "facts")
    return collection


def _collected(progress: Progress, tell: Tell) -> None:
    if progress.done < progress.total:
        return
    failed = f", {progress.failed} without answer: {progress.failure}" if progress.failed else ""
    asks = "1 ask" if progress.total == 1 else f"{progress.total} asks"
    tell(f"collected {progress.target}: {asks}{failed}")
