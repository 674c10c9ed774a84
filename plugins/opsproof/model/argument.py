"""From a check's annotations to asks, and from their answers to the check's arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import Template
from typing import Any, ClassVar, Generic, Protocol, TypeGuard, TypeVar

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured, TooBig, raised_from
from opsproof.model.limits import Limits
from opsproof.model.listing import Listing
from opsproof.model.moment import Clock, joined
from opsproof.model.scope import Scope
from opsproof.model.target import Target
from opsproof.model.units import Duration

A = TypeVar("A")


class Answer(msgspec.Struct, Generic[A], frozen=True):
    """One ask's answer: facts, or the failure to get them, and the clock of the server.

    `gaps` are the scopes that a partly refused ask lacks; only who reads them (`listing`) gets such facts.
    """

    ask: Ask
    facts: A | None
    failure: Failure | None
    clock: Clock
    gaps: tuple[Failure, ...] = ()

    def value(self) -> A:
        """The whole facts.

        Raises:
            CollectionError: there are none, or something of them is lacking.
        """
        for gap in self.gaps:
            raise raised_from(gap)
        return self.seen()

    def seen(self) -> A:
        """The facts as far as they are known, beside the `gaps`.

        Raises:
            CollectionError: there are none.
        """
        if self.failure is not None or self.facts is None:
            raise raised_from(self.failure or Failure("BadAnswer", "no facts", self.ask.target))
        return self.facts


class Context(Protocol):
    """What planning knows when an item is made: the environment's targets and names, the row's limits."""

    @property
    def limits(self) -> Limits: ...

    def target(self, kind: str) -> Target:
        """The row's target of that kind: what its `on` names, else the only one. Raises NotConfigured."""

    def role(self, role: str) -> Target:
        """The target of that role, whatever the row is about. Raises NotConfigured."""

    def fill(self, template: str) -> str:
        """Replace `${name}` by limits, scope, names and metrics. Raises NotConfigured for an unset name."""

    def names(self, name: str) -> tuple[str, ...]:
        """A name that may be a list, e.g. `namespaces`. Raises NotConfigured for an unset one."""


class Argument(Protocol):
    """The annotation of a check's argument: `Annotated[Listing[Pod], Kubernetes("pods")]`."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        """What has to be asked for this argument. Raises NotConfigured."""

    # It may also have `problems(context) -> tuple[str, ...]`: what is wrong with the row or the environment,
    # said without asking anybody.

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        """The argument. Raises CollectionError when nothing of it is known."""


class Following(Protocol):
    """An argument whose names are not configured (a pod's logs): its answers say what else has to be asked."""

    def follow(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Ask, ...]:
        """The derived asks: one wave, a pure function of the facts of `asks`. `assemble` gets their answers, too.

        Answers may be failures; nothing follows from those. Raises CollectionError when nothing can follow.
        """


def follows(source: object) -> TypeGuard[Following]:
    """Whether something may follow from the answers of an argument. `isinstance` with a protocol costs 0.1 ms."""
    return hasattr(source, "follow")


FOLLOWING = (
    200  # derived asks of one argument: a server that names a million things is not asked a million times
)


def followed(source: object, answers: Sequence[Answer[Any]], context: Context) -> tuple[Ask, ...]:
    """The derived asks of a check's argument, each once.

    Raises:
        CollectionError: nothing can follow; TooBig: more than FOLLOWING do.
    """
    if not follows(source):
        return ()
    known = {answer.ask for answer in answers}
    found = tuple(ask for ask in dict.fromkeys(source.follow(answers, context)) if ask not in known)
    if len(found) > FOLLOWING:
        raise TooBig(f"{len(found)} derived asks; at most {FOLLOWING} are made for one argument", own=True)
    return found


class Partly(msgspec.Struct, frozen=True):
    """What a collector gives of a partly refused ask: the facts it got, and why it lacks which scopes."""

    facts: Any
    gaps: tuple[Failure, ...]


def listing(answers: Sequence[Answer[Any]], scope: Callable[[Ask], Scope]) -> Listing[Any]:
    """Join the answers of a source that asks once per scope (namespace) to one Listing with gaps.

    Each answer's facts are a sequence of items. Raises CollectionError when no scope answered.
    """
    failed = [answer for answer in answers if answer.failure is not None]
    if failed and len(failed) == len(answers):
        failed[0].value()
    gaps = [
        msgspec.structs.replace(gap, scope=gap.scope or scope(answer.ask))
        for answer in answers
        for gap in ((answer.failure,) if answer.failure is not None else answer.gaps)
    ]
    items = [item for answer in answers if answer.failure is None for item in answer.seen()]
    return Listing(items, as_of=joined(answer.clock for answer in answers), gaps=gaps)


class _Braced(Template):
    """`${name}` only: a lone `$` belongs to PromQL's regular expressions."""

    pattern: ClassVar[Any] = r"""
        \$(?:
            (?P<escaped>(?!)) | (?P<named>(?!)) |
            {(?P<braced>[A-Za-z_][A-Za-z0-9_.-]*)} |
            (?P<invalid>(?!))
        )"""


def fill(template: str, values: Mapping[str, object]) -> str:
    """Replace each `${name}` (`${a.b}` too) of the template.

    Raises:
        KeyError: a name without value.
    """
    text = {
        name: value.promql if isinstance(value, Duration) else str(value) for name, value in values.items()
    }
    return _Braced(template).substitute(text)


def placeholders(template: str) -> frozenset[str]:
    """The names that a template mentions."""
    return frozenset(match["braced"] for match in _Braced.pattern.finditer(template))


__all__ = ["Answer", "Argument", "Context", "NotConfigured", "fill", "listing", "placeholders"]
