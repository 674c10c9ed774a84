"""From an item and its answers to its result: run the check over the facts, see what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from _pytest.outcomes import OutcomeException

from opsproof.evidence.files import Unwritable
from opsproof.examine.check import Check
from opsproof.examine.examination import MOST, Examination, as_subject, fingerprints
from opsproof.examine.searched import searched
from opsproof.model.argument import Answer, Context, followed, follows
from opsproof.model.ask import Ask
from opsproof.model.failure import CollectionError, Failure, NotConfigured, Undecided
from opsproof.model.finding import ItemResult, standing
from opsproof.model.level import Level
from opsproof.model.limits import Limits
from opsproof.model.listing import Listing
from opsproof.model.outcome import Outcome
from opsproof.model.scope import Scope
from opsproof.model.subject import Subject

Answering = Callable[[Ask], Answer[Any]]


class Item(msgspec.Struct, frozen=True):
    """Requirement x environment x check, as planned: all that deciding it needs but the answers.

    `asks` holds each argument's asks. `undecidable` says why planning already knows that it cannot be
    decided (a source or a limit is missing); `not_applicable` why it was declared not to apply.
    """

    requirement: str
    system: str
    environment: str
    check: Check
    level: Level
    limits: Limits | None
    context: Context
    asks: Mapping[str, tuple[Ask, ...]]
    when_empty: str = "unknown"
    undecidable: Exception | None = None
    not_applicable: str = ""
    quiet: str = ""
    nodeid: str = ""

    @property
    def all_asks(self) -> tuple[Ask, ...]:
        """What is known to be asked when the item is made."""
        return tuple(ask for asks in self.asks.values() for ask in asks)

    def derived(self, answer: Answering) -> tuple[Ask, ...]:
        """What follows from the answers to `all_asks`."""
        if self.not_applicable or self.undecidable is not None:
            return ()
        return tuple(ask for name in self.asks for ask in self._followed(name, answer))

    def _followed(self, name: str, answer: Answering) -> tuple[Ask, ...]:
        source = self.check.sources.get(name)
        if not follows(source):
            return ()
        answers = [answer(ask) for ask in self.asks[name]]
        try:
            return followed(source, answers, self.context)
        except Exception:  # noqa: BLE001
            # Deciding meets the same, and says of which argument.
            return ()


Keep = Callable[[ItemResult, Iterator[Subject]], None]


def decide(item: Item, answer: Answering, keep: Keep | None = None, most: int = MOST) -> ItemResult:
    """Decide an item. Pure but for what it is given.

    Args:
        item: as it was planned.
        answer: gives the recorded answer to an ask.
        keep: writes down the subjects that passed.
        most: findings after which its check ends.
    """
    answers = {name: [answer(ask) for ask in asks] for name, asks in item.asks.items()}
    examine = Examination(level=item.level, most=most, measures=item.check.measures)
    examine.quiet = item.quiet
    looked: list[str] = []
    if item.not_applicable:
        examine.not_applicable(item.requirement, item.not_applicable)
    elif item.undecidable is not None:
        examine.unknown(item.requirement, item.undecidable)
    else:
        looked = _examine(item, answers, answer, examine)
    if examine.nothing_examined:
        _empty(item, looked, examine)
    asked = {one.ask.digest: None for some in answers.values() for one in some}
    result = msgspec.structs.replace(_result(item, examine), asks=tuple(asked))
    if keep is not None:
        keep(result, map(as_subject, examine.passing))
    return result


def _examine(
    item: Item, answers: Mapping[str, list[Answer[Any]]], answer: Answering, examine: Examination
) -> list[str]:
    """Run the check; where its arguments were looked for."""
    arguments: dict[str, Any] = {}
    for name, source in item.check.sources.items():
        try:
            answers[name].extend(map(answer, followed(source, answers[name], item.context)))
            arguments[name] = source.assemble(answers[name], item.context)
        except Unwritable:
            raise
        except (CollectionError, Undecided) as reason:
            examine.unknown(Subject("source", name), reason)
            return []
        except (Exception, OutcomeException, SystemExit) as crash:  # noqa: BLE001
            # Facts that a source cannot put together are no reason for a traceback.
            examine.unknown(Subject("source", name), Undecided(f"unusable facts: {type(crash).__name__}"))
            return []
    if "limits" in item.check.parameters:
        arguments["limits"] = item.limits
    with examine.whole(item.check.name):
        _add_gaps(arguments.values(), examine)
        item.check.function(**arguments, examine=examine)
    listings = [one for one in arguments.values() if isinstance(one, Listing)]
    return list(dict.fromkeys(place for one in listings for place in one.looked))


def _add_gaps(arguments: Iterable[Any], examine: Examination) -> None:
    """A scope that did not answer is undecided as a whole, once for each cause, whatever else was found."""
    gaps: dict[tuple[Scope, str], Failure] = {}
    doubts: dict[str, None] = {}
    for argument in arguments:
        if isinstance(argument, Listing):
            gaps |= {(gap.scope, gap.cause): gap for gap in argument.gaps}
            doubts |= dict.fromkeys(argument.doubts)
    for (scope, cause), gap in sorted(gaps.items(), key=lambda item: item[0]):
        name = scope.name or "all"
        examine.unknown(Subject(scope.kind or "scope", name, key=f"{name}/{cause}"), gap)
    for doubt in doubts:
        examine.note(doubt)


def _empty(item: Item, looked: Sequence[str], examine: Examination) -> None:
    """Nothing was examined: the row says what that means; an empty source is good only if proven alive."""
    subject = Subject("requirement", item.requirement)
    nothing = f"nothing there to examine{searched(item.limits, looked, examine.excluded)}"
    if item.when_empty == "fail":
        with examine(subject):
            raise AssertionError(f"{nothing}; its absence breaks the requirement")
    elif item.when_empty == "not_applicable":
        examine.not_applicable(subject, nothing)
    elif item.when_empty == "pass" and examine.control_answered:
        for proof in examine.proofs:
            examine.note(f"nothing found, which is good: {proof}")
        with examine(subject):
            pass
    elif item.when_empty == "pass":
        examine.unknown(
            subject, Undecided("nothing found, and no control query proves that the source is alive")
        )
    else:
        examine.unknown(subject, Undecided(nothing))


def _result(item: Item, examine: Examination) -> ItemResult:
    fingerprint = fingerprints(item.system, item.environment, item.requirement, item.check.name)
    findings = tuple(
        msgspec.structs.replace(one, fingerprint=fingerprint(one.subject)) for one in examine.findings
    )
    verdicts = [(finding.outcome, finding.level) for finding in findings]
    passed = [(Outcome.PASS, item.level)] if examine.passed else []
    outcome, level = standing([*verdicts, *passed], item.level)
    return ItemResult(
        requirement=item.requirement,
        system=item.system,
        environment=item.environment,
        check=item.check.name,
        outcome=outcome,
        level=level,
        findings=findings,
        passed=examine.passed,
        excluded=examine.excluded,
        notes=tuple(examine.notes),
        limits=item.limits.shown() if item.limits is not None else {},
        asks=tuple(ask.digest for ask in item.all_asks),
        nodeid=item.nodeid,
        measured=tuple(examine.measured),
    )


__all__ = ["Item", "NotConfigured", "decide"]
