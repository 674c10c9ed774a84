"""Collect: every ask of a run is answered exactly once, whoever needs it, by whichever process is first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from threading import Lock, Semaphore
from typing import Any

import msgspec

from opsproof.collect.breaker import AFTER, Breaker
from opsproof.collect.redaction import Redactor
from opsproof.collect.texts import bounded
from opsproof.collect.turns import Turns, serve
from opsproof.environment.kinds import collector_of
from opsproof.evidence import plain
from opsproof.evidence.files import Unwritable, append_line, create, locked, writing
from opsproof.evidence.kept import Kept, parts
from opsproof.evidence.store import Recorded, Store
from opsproof.model.argument import Answer, Partly
from opsproof.model.ask import Ask, Identify
from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Failure,
    IdentityMismatch,
    NotConfigured,
    TimedOut,
)
from opsproof.model.target import Target, TargetReport
from opsproof.transport.link import Collector, Link, Request
from opsproof.transport.memory import Memory, lend_large_blocks

_PROBES = 32


class FileSlots:
    """Load budgets over all processes of a run: a lock file per slot, a clock file per target.

    The threads of one process wait for each other in memory, so that only processes ask the disk in turns.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turns: dict[str, Semaphore] = {}
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        name = target.id.replace("/", "_")
        with self._turn(target, deadline):
            handle = self._take(name, target, deadline)
            try:
                self._pace(name, target, deadline)
                yield
            finally:
                os.close(handle)

    @contextmanager
    def _turn(self, target: Target, deadline: float) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(target.id, Semaphore(target.budget.in_flight))
        if not turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise _no_slot(target)
        try:
            yield
        finally:
            turn.release()

    def _take(self, name: str, target: Target, deadline: float) -> int:
        import fcntl

        while time.monotonic() < deadline:
            for number in range(target.budget.in_flight):
                path = self.folder / f"{name}.{number}"
                with writing(path):
                    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(handle)
                else:
                    return handle
            time.sleep(0.005)
        raise _no_slot(target)

    def _pace(self, name: str, target: Target, deadline: float) -> None:
        """Keep the target's requests below its rate per second; a burst of one second's worth is let through.

        Raises TimedOut at once when its turn would come after the deadline."""
        path = self.folder / f"{name}.clock"
        with locked(path) as handle, writing(path):
            text = os.pread(handle, 64, 0)
            free_at = max(float(text or 0), time.monotonic() - 1.0) + 1.0 / target.budget.rate
            if free_at > deadline:
                raise _no_slot(target)
            os.pwrite(handle, f"{free_at:.6f}".ljust(32).encode(), 0)
        time.sleep(max(0.0, free_at - time.monotonic()))


def _no_slot(target: Target) -> TimedOut:
    return TimedOut("no free slot in the load budget in time", target=target.id, own=True)


def _encoded(ask: Ask) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(ask, order="sorted"))


class Progress(msgspec.Struct):
    """How far one target is: what a progress line shows."""

    target: str
    total: int = 0
    done: int = 0
    failed: int = 0
    failure: str = ""


@dataclass
class Collection:
    """The collect stage of one process of a run.

    Answers are decided on as they were published: redacted, and as reading their JSON gives them, so that a
    replay of the same files decides the same.
    """

    folder: Path
    now: datetime
    deadline: float
    targets: Mapping[str, Target]
    redactor: Redactor
    live: bool = True
    on_progress: Callable[[Progress], None] = lambda progress: None
    memory: Memory = field(default_factory=Memory)
    store: Store = field(init=False)
    _answers: dict[str, Answer[Any]] = field(default_factory=dict)
    _collectors: dict[str, Collector] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _unwritable: Unwritable | None = None

    def __post_init__(self) -> None:
        self.store = Store(self.folder / "facts")
        self.slots = FileSlots(self.folder / ".slots")
        self.breaker = Breaker(self.folder / ".slots")

    def gather(self, asks: Iterable[Ask]) -> None:
        """Answer all of them, concurrently, each target's identity first.

        Raises:
            Unwritable: an answer could not be kept; no more was asked after it.
        """
        lend_large_blocks()
        wanted = {ask.digest: ask for ask in sorted(asks, key=lambda ask: ask.digest)}
        progress = {ask.target: Progress(ask.target) for ask in wanted.values()}
        for ask in wanted.values():
            progress[ask.target].total += 1
        queues: dict[str, list[Ask]] = {target: [Identify(target=target)] for target in progress}
        for ask in wanted.values():
            queues[ask.target].append(ask)
        if self.live:
            most = {target: self._at_once(target, waiting) for target, waiting in queues.items()}
            serve(Turns(queues, most), lambda ask: self._tracked(ask, progress[ask.target]))
        else:  # what was recorded is read as quickly by one thread as by many
            for ask in chain.from_iterable(queues.values()):
                self._tracked(ask, progress[ask.target])
        if self._unwritable is not None:
            raise self._unwritable

    def set_aside(self, digests: Iterable[str], targets: Iterable[str]) -> None:
        """Have these asked anew by the next `gather`, with patience for their targets; what was answered stays beside.

        Raises:
            Unwritable: the folder cannot be changed.
        """
        for digest in digests:
            self._answers.pop(digest, None)
            self.store.set_aside(digest)
        for target in targets:
            self.breaker.heard(target)

    def _at_once(self, target: str, asks: Iterable[Ask]) -> int:
        """How many asks of one target are under way: probes mostly sleep, others soon wait for its load budget."""
        if target not in self.targets or any(ask.probing for ask in asks):
            return _PROBES
        return 2 * self.targets[target].budget.in_flight

    def _tracked(self, ask: Ask, progress: Progress) -> None:
        if self._unwritable is not None:
            return
        try:
            answer = self.answer(ask)
        except Unwritable as why:
            self._unwritable = why
            return
        if isinstance(ask, Identify):
            return
        with self._lock:
            progress.done += 1
            if answer.failure is not None:
                progress.failed += 1
                progress.failure = progress.failure or answer.failure.message
            self.on_progress(progress)

    def identify(self, target: str) -> Answer[TargetReport]:
        return self.answer(Identify(target=target))

    def answer(self, ask: Ask) -> Answer[Any]:
        """The answer to one ask: from memory, from disk, or from the target."""
        known = self._answers.get(ask.digest)
        if known is not None:
            return known
        if self.live and not self.store.has(ask.digest):
            # One process is elected by the lock; the others wait and find the answer published.
            with locked(self.folder / ".slots" / f"ask.{ask.digest}"):
                if not self.store.has(ask.digest):
                    recorded, kept = self._asked(ask)
                    self.store.publish(recorded, kept)
                    return self._answers.setdefault(ask.digest, self.store.published(ask, recorded, kept))
        self._keep(ask)
        return self._answers.setdefault(ask.digest, self.store.answer(ask, self.now))

    def _keep(self, ask: Ask) -> None:
        """A replay's folder holds the facts it decided on, those of derived asks too; what is no plain file was none."""
        if self.live:
            return
        there = self.store.path(ask.digest)
        with suppress(FileNotFoundError, plain.NotPlain):
            create(self.folder / "facts" / there.name, plain.content(there))

    def _asked(self, ask: Ask) -> tuple[Recorded, Kept | None]:
        """What came of asking, and the facts; none where there is a failure."""
        target = self.targets.get(ask.target)
        if target is None:
            return self._unknown(ask), None
        link = Link(
            target, ask.digest, slots=self.slots, record=self._record, deadline=self.deadline,
            tell=self.redactor.add, memory=self.memory,
        )  # fmt: skip
        asked = datetime.now(timezone.utc)
        kept = Kept(ask)
        cuts = 0
        failure = None
        gaps: tuple[Failure, ...] = ()
        try:
            self._require_patience(target, ask)
            if not isinstance(ask, Identify):
                self._require_identity(target, ask)
            facts = self._collect(ask, target, link)
            if isinstance(facts, Partly):
                facts, gaps = facts.facts, self._without_secrets(*facts.gaps)
            if ask.probing:
                self._require_proof(target, link)
            for part in parts(facts):
                encoded = msgspec.json.encode(part)
                harmless, cut_here = self._keepable(encoded, target)
                kept.add(part, encoded, harmless)
                cuts += cut_here
        except CollectionError as error:
            error.target = error.target or ask.target
            failure = error.as_failure()
        except Unwritable:
            raise
        except Exception as error:  # noqa: BLE001
            # The one broad handler of the project: whatever a library or a hostile answer raises is UNKNOWN.
            failure = BadAnswer(
                f"{type(error).__name__} while reading the answer", target=ask.target
            ).as_failure()
        finally:
            link.let_go()
        self._count(target, ask, link, failure)
        if failure is not None:
            cuts, gaps = 0, ()
            (failure,) = self._without_secrets(failure)
        answered = datetime.now(timezone.utc)
        recorded = Recorded(
            ask=_encoded(ask),
            digest=ask.digest,
            target=ask.target,
            asked=asked,
            answered=answered,
            clock=link.clock,
            skew=round((link.clock - answered).total_seconds(), 3) if link.clock else None,
            cut=cuts,
            failure=failure,
            gaps=gaps,
        )
        return recorded, kept if failure is None else None

    def _without_secrets(self, *failures: Failure) -> tuple[Failure, ...]:
        return tuple(
            msgspec.structs.replace(failure, message=self.redactor.text(failure.message))
            for failure in failures
        )

    def _collect(self, ask: Ask, target: Target, link: Link) -> Any:
        with self._lock:
            collector = self._collectors.get(target.id)
            if collector is None:
                collector = self._collectors[target.id] = collector_of(target.kind)(target)
        try:
            return collector.identify(link) if isinstance(ask, Identify) else collector.collect(ask, link)
        finally:
            self.redactor.refresh()  # what it tells may be what another process of the run came by

    def _unknown(self, ask: Ask) -> Recorded:
        """Derived asks may name targets that the plan does not."""
        now = datetime.now(timezone.utc)
        failure = NotConfigured("no target of this run", target=ask.target).as_failure()
        return Recorded(
            ask=_encoded(ask), digest=ask.digest, target=ask.target, asked=now, answered=now, failure=failure
        )

    def _keepable(self, part: bytes, target: Target) -> tuple[bytes, int]:
        """Facts as they may be kept: without secrets, no text longer than a text is; and how many were cut."""
        redacted = self.redactor.json(part)
        if redacted is not part and self.redactor.in_names(redacted):  # else none of them stands anywhere
            raise BadAnswer("a name in the answer holds one of our credentials", target=target.id)
        return bounded(redacted)

    def _require_patience(self, target: Target, ask: Ask) -> None:
        """A target that did not answer several asks in a row is not asked any more; a probe's fact is just that."""
        if not ask.probing and self.breaker.gave_up(target.id):
            raise TimedOut(f"gave up on it after {AFTER} asks without answer", target=target.id)

    def _count(self, target: Target, ask: Ask, link: Link, failure: Failure | None) -> None:
        if link.answered:
            self.breaker.heard(target.id)
        elif failure is not None and failure.kind == "TimedOut" and not failure.own and link.asked:
            self.breaker.silent(target.id)

    def _require_proof(self, target: Target, link: Link) -> None:
        """What answered counts only as the declared server, whether or not that could be asked before."""
        proof = self.identify(target.id) if target.identity and link.answered else None
        if proof is None or proof.failure is None or target.identity.keys() <= link.proven:
            return
        names = ", ".join(sorted(target.identity))
        raise IdentityMismatch(
            f"it answers, but cannot prove {names}: {proof.failure.message}", target=target.id
        )

    def _require_identity(self, target: Target, ask: Ask) -> None:
        """Nothing is asked of a server that is not the declared one, or that is known to be gone."""
        proof = self.identify(target.id)
        if proof.failure is not None and ask.probing and proof.failure.kind != "IdentityMismatch":
            return
        if proof.failure is not None:
            if target.identity or proof.failure.kind in {
                "Unreachable",
                "TlsFailed",
                "Unauthenticated",
                "TimedOut",
            }:
                proof.value()
            return
        report = proof.value()
        for name, declared in sorted(target.identity.items()):
            found = report.identity.get(name)
            if found != declared:
                raise IdentityMismatch(
                    f"declared {name} {declared!r}, found {found!r}: this is another server than the environment names"
                    if found is not None
                    else f"cannot prove {name} {declared!r}: the server does not tell it ({report.failure or 'no value'})",
                    target=target.id,
                )

    def _record(self, request: Request) -> None:
        request.path = self.redactor.text(request.path)
        append_line(self.folder / "requests.jsonl", msgspec.json.encode(request))

    def forget(self) -> None:
        """Keep no answer in memory: they lie on disk."""
        self._answers.clear()

    def close(self) -> None:
        for collector in self._collectors.values():
            collector.close()
