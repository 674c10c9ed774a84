"""What is wrong with an item before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from opsproof.environment.context import Undeclared
from opsproof.examine.check import Check
from opsproof.model.argument import Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.limits import Limits
from opsproof.model.target import Target
from opsproof.model.units import Duration


class Watched:
    """A context that remembers what it could not give, also where an argument goes on without it.

    `unset`: what the environment does not set, which makes an item UNKNOWN and is no mistake. `undeclared`:
    what a template names and nobody declares.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.unset: set[str] = set()
        self.undeclared: list[Undeclared] = []

    @property
    def limits(self) -> Limits:
        return self._context.limits

    def target(self, kind: str) -> Target:
        with self._watching():
            return self._context.target(kind)

    def role(self, role: str) -> Target:
        with self._watching():
            return self._context.role(role)

    def fill(self, template: str) -> str:
        try:
            with self._watching():
                return self._context.fill(template)
        except Undeclared as error:
            self.undeclared.append(error)
            raise

    def names(self, name: str) -> tuple[str, ...]:
        with self._watching():
            return self._context.names(name)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except NotConfigured as error:
            self.unset.add(error.message)
            raise


def said_by_arguments(check: Check, context: Watched) -> Iterator[str]:
    """What the check's arguments find wrong themselves, each in the words of its source."""
    for argument in check.sources.values():
        if (problems := getattr(argument, "problems", None)) is not None:
            yield from (text for text in problems(context) if text not in context.unset)


def too_long(asks: Iterable[Ask], targets: Iterable[Target]) -> Iterator[tuple[str, str]]:
    """Spaced attempts that do not fit the deadline of their target: the last ones would never be made."""
    by_id = {target.id: target for target in targets}
    for ask in asks:
        target = by_id.get(ask.target)
        if target is not None and ask.spread >= target.budget.deadline > 0:
            needed, allowed = Duration(ask.spread), Duration(target.budget.deadline)
            yield (
                f"its probes are spread over {needed}, and the deadline of targets.{target.role} is {allowed}",
                f"fewer or closer probes, or a longer targets.{target.role}.budget.deadline",
            )
