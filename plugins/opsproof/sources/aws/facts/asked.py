"""Things of an account that rows name: one ask each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import CollectionError, NotConfigured
from opsproof.model.rights import Need
from opsproof.model.target import Target


class Named(Ask, frozen=True, kw_only=True):
    """Base of the asks about one thing, by its name in the target's region."""

    name: str
    needs: ClassVar[tuple[Need, ...]] = ()


@dataclass(frozen=True)
class Aws:
    """Source: what the row's target of kind aws answers about each thing that a field of the limits names.

    Each is the facts, or the Failure to get them. None, of a row that can be decided in another way: the environment
    has no such target, or the row names nothing for it.

    Args:
        ask: its class.
        field: the field of the limits.
        alone: whether there is no other way, so that a target is needed.
    """

    ask: type[Named]
    field: str
    alone: bool = False

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        names = self._names(context)
        return () if target is None else tuple(self.ask(target=target.id, name=name) for name in names)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Any, ...] | None:
        if self._target(context) is None:
            return None
        return tuple(map(_told, answers))

    def _names(self, context: Context) -> tuple[str, ...]:
        return tuple(dict.fromkeys(getattr(context.limits, self.field)))

    def _target(self, context: Context) -> Target | None:
        if not self.alone and not self._names(context):
            return None
        try:
            return context.target("aws")
        except NotConfigured:
            if self.alone:
                raise
            return None


def _told(answer: Answer[Any]) -> Any:
    try:
        return answer.value()
    except CollectionError as error:
        return error.as_failure()
