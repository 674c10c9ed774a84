"""`with examine(subject, measured=..., limit=...): assert ...` decides one subject."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any

import msgspec
from _pytest.outcomes import Failed, Skipped

from opsproof.examine.bound import Broken, hold
from opsproof.model.failure import ClockOff, CollectionError, Failure, NotApplicable, Undecided
from opsproof.model.finding import Excluded, Finding, Passed
from opsproof.model.level import Level
from opsproof.model.limits import Steps
from opsproof.model.measure import Measure, measure
from opsproof.model.moment import Moment
from opsproof.model.outcome import Outcome
from opsproof.model.subject import Subject
from opsproof.model.units import Duration

MOST = 20_000  # findings of one item that are written one by one
_USUAL = 500  # characters of one; a longer one counts for several
_EXAMPLES = 5  # subjects that are named of those excluded for one reason


class Examination:
    """Collects the findings of one item. A check gets it as `examine`.

    An AssertionError in the block is FAIL, and so is `pytest.fail`; a CollectionError, `Undecided` or any
    other exception, `pytest.skip` and SystemExit among them, is UNKNOWN; `NotApplicable` is what it says; and
    the loop goes on. Only a KeyboardInterrupt passes.

    After `most` findings the check ends, and what it did not come to is UNKNOWN: no server's answer may make more
    of them than memory and reports hold. What passing subjects measured is kept of a check that says what it
    measures, and of no more than `most`.
    """

    def __init__(self, *, level: Level, most: int = MOST, measures: str = "") -> None:
        self.level = level
        self.most = most
        self.measures = measures
        self.findings: list[Finding] = []
        self.passing: list[object] = []
        self.measured: list[Passed] = []
        self.control_answered = False
        self.proofs: list[str] = []
        self.notes: list[str] = []
        self.quiet = ""
        self._excluded: dict[str, list[str]] = {}
        self._excluded_count: Counter[str] = Counter()
        self._size = 0
        self._limit: tuple[object, Measure] = (None, Measure())

    def __call__(
        self,
        subject: object,
        *,
        measured: object = None,
        limit: object = None,
        since: Moment | None = None,
        grace: Duration | None = None,
        level: Level | None = None,
    ) -> Block:
        """Decide one subject.

        Args:
            subject: a `Subject`, an object with a `subject` property, or a name.
            measured: the value found; shown beside the limit. A Unit prints with its unit.
            limit: the bound needed.
            since: when the condition began: `pods.moment(at, "condition Ready")`, so that it brings the
                clock that it was read from.
            grace: while `since` is younger than this, a failing assert is an ordinary change under
                way: recorded as in transition and not as FAIL. Without `since` there is no grace; of a
                server whose clock is far off ours nor: FAIL if it is over by the later of both, else UNKNOWN.
            level: the severity, when the subject has one of its own.

        The block is given as `it`: `it.holds(limits.highest, share, "...")` compares with a limit, and only what
        breaks it there takes the level of the broken step. All else is a plain `assert`, at the row's level.
        """
        return Block(self, subject, measured, limit, since, grace, level)

    @contextmanager
    def whole(self, name: str) -> Iterator[None]:
        """Around a whole check: what escapes its `examine` blocks is a finding of the check itself."""
        try:
            yield
        except BaseException as error:
            if _passes(error):
                raise
            self._escaped(error, Block(self, Subject("check", name)))

    def _escaped(self, error: BaseException, block: Block) -> None:
        """Record what an error out of a block means for its subject."""
        who = as_subject(block.subject)
        if isinstance(error, (AssertionError, Failed)):
            self._violated(who, error, block)
        elif isinstance(error, NotApplicable):
            self._add(who, Outcome.NOT_APPLICABLE, self.level, _first_line(error), **block.shown)
        elif isinstance(error, (CollectionError, Undecided)):
            self._undecided(who, error, block.level or self.level)
        elif isinstance(error, Skipped):
            why = "a check skips nothing: raise NotApplicable, or exclude the subject"
            skipped = Undecided(f"skipped: {_first_line(error)}; {why}")
            self._undecided(who, skipped, block.level or self.level)
        else:
            # A check's own mistake leaves its subject undecided; the type alone, since a repr may hold data.
            crashed = Undecided(f"the check crashed: {type(error).__name__} in {_place(error)}")
            self._undecided(who, crashed, block.level or self.level)

    def _violated(self, who: Subject, error: BaseException, block: Block) -> None:
        own = self.level
        level = block.level or (error.level_for(own) if isinstance(error, Broken) else own)
        since, message = block.since, _first_line(error)
        grace = timedelta(seconds=block.grace or 0.0)
        lasts = since.lasts(grace) if since is not None and grace else False
        if since is not None and lasts:
            until = since.until(grace)
            self._add(who, Outcome.PASS, level, message, transition_until=until, **block.shown)
        elif since is not None and lasts is None:
            off = ClockOff(
                f"{message}; for how long it has been so cannot be told: {since.doubt}",
                target=since.clock.target,
            )
            self._undecided(who, off, level, **block.shown)
        else:
            self._add(who, Outcome.FAIL, level, message, **block.shown)

    def unknown(self, subject: object, reason: Exception | Failure) -> None:
        """Record a subject as UNKNOWN with the reason why it could not be decided."""
        self._undecided(as_subject(subject), reason, self.level)
        self._require_few()

    def _undecided(self, who: Subject, reason: Exception | Failure, level: Level, **shown: Any) -> None:
        failure = reason.as_failure() if isinstance(reason, CollectionError) else reason
        if isinstance(failure, Failure):
            shown |= {"cause": failure.cause, "failure": failure.kind, "target": failure.target}
            message = failure.message
        else:
            message = _first_line(failure)
        self._add(who, Outcome.UNKNOWN, level, message, **shown)

    def not_applicable(self, subject: object, why: str) -> None:
        """Record that the requirement does not apply to the subject, and why."""
        self._add(as_subject(subject), Outcome.NOT_APPLICABLE, self.level, why)

    def exclude(self, subject: object, why: str) -> None:
        """Say that a listed subject is not examined, and why; a report counts these."""
        examples = self._excluded.setdefault(why, [])
        self._excluded_count[why] += 1
        if len(examples) < _EXAMPLES:
            examples.append(str(as_subject(subject)))

    def control(self, answered: object, proof: str = "") -> None:
        """Say whether the control query, which proves an empty source alive, gave an answer.

        Args:
            answered: what it gave; false or empty for no answer.
            proof: what it proves, in words: noted where nothing was found and that is good.
        """
        self.control_answered = self.control_answered or bool(answered)
        if answered and proof:
            self.proofs.append(proof)

    def note(self, text: str) -> None:
        """Attach a remark to the item: silences, warnings, what else was seen."""
        self.notes.append(text)

    def keep(self, block: Block) -> None:
        """Remember what a subject that passes measured."""
        if len(self.measured) < self.most:
            shown = measure(block.measured), self.shown_limit(block.limit)
            self.measured.append(Passed(as_subject(block.subject), *shown))

    @property
    def passed(self) -> int:
        return len(self.passing)

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        return tuple(
            Excluded(why, self._excluded_count[why], tuple(names)) for why, names in self._excluded.items()
        )

    @property
    def nothing_examined(self) -> bool:
        return not self.findings and not self.passing

    def shown_limit(self, limit: object) -> Measure:
        """The limit as a measure: mostly it is the same one for every subject."""
        if limit is not self._limit[0]:
            self._limit = (limit, measure(limit))
        return self._limit[1]

    def _require_few(self) -> None:
        """Raises Undecided after as many findings as there may be."""
        if self._size >= self.most:
            raise Undecided(
                f"ended after {len(self.findings)} findings: how many more there are is not known"
            )

    def _add(self, subject: Subject, outcome: Outcome, level: Level, message: str, **more: Any) -> None:
        finding = Finding(subject=subject, outcome=outcome, raw=outcome, level=level, message=message, **more)
        self.findings.append(finding)
        self._size += 1 + (len(message) + len(subject.name)) // _USUAL


class Block(msgspec.Struct):
    """One `with examine(...)`. There are as many as pods: what only a finding shows is made for findings."""

    examination: Examination
    subject: object
    measured: object = None
    limit: object = None
    since: Moment | None = None
    grace: Duration | None = None
    level: Level | None = None

    def __enter__(self) -> Block:
        return self

    def holds(
        self, limit: Steps[Any], value: float | None, message: str = "", *, beside: Sequence[str] = ()
    ) -> None:
        """Require that the value keeps the limit; a FAIL takes the level of the worst step that it breaks.

        Args:
            limit: the steps; shown as needed where `examine` was told nothing.
            value: shown as measured where `examine` was told nothing. None, NaN: UNKNOWN.
            message: what was found; without it, value and limit.
            beside: what else is wrong, at the row's level: with a broken step the worse of both counts.
        """
        self.measured = value if self.measured is None else self.measured
        self.limit = limit if self.limit is None else self.limit
        hold(limit, value, message, beside)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            self.examination.passing.append(self.subject)
            if self.examination.measures:
                self.examination.keep(self)
            return False
        if _passes(error):
            return False
        self.examination._escaped(error, self)
        self.examination._require_few()
        return True

    @property
    def shown(self) -> dict[str, Any]:
        """What a finding shows beside its message."""
        return {
            "measured": measure(self.measured),
            "limit": self.examination.shown_limit(self.limit),
            "since": self.since.at if self.since else None,
            "since_from": self.since.read_from if self.since else "",
        }


def _passes(error: BaseException) -> bool:
    """Whether it is about the run, and not about what is examined."""
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))


def as_subject(thing: object) -> Subject:
    if isinstance(thing, Subject):
        return thing
    own = getattr(thing, "subject", None)
    return own if isinstance(own, Subject) else Subject("", str(thing))


def fingerprints(*of: str) -> Callable[[Subject], str]:
    """The same condition of the same thing in every run: 16 hex digits.

    Args:
        of: system, environment, requirement and check, which are the same for all subjects of an item.
    """
    common = hashlib.sha256("".join(f"{part}\n" for part in of).encode())

    def fingerprint(subject: Subject) -> str:
        own = common.copy()
        own.update(subject.stable.encode())
        return own.hexdigest()[:16]

    return fingerprint


def _first_line(error: BaseException) -> str:
    """Assertion rewriting appends reprs of facts after the first line; they stay out of reports."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "the check"
