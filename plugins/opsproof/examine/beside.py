"""A second source of a check: when it fails, only what needs it is undecided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from opsproof.model.argument import Answer, Argument, Context, followed
from opsproof.model.ask import Ask
from opsproof.model.failure import CollectionError, Failure, raised_from


class Beside(msgspec.Struct, frozen=True):
    """`Annotated[Samples | Failure | None, Beside(PromQL("..."), when="delivery")]`.

    The argument is what the source gives; the `Failure` when it could not be collected or is not
    configured, so that other sources still decide their subjects; None when `when`, a field of the
    limits, is false, zero or empty.
    """

    source: Argument
    when: str = ""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        if not self._wanted(context):
            return ()
        try:
            return self.source.asks(context)
        except CollectionError:
            return ()

    def follow(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Ask, ...]:
        if not self._wanted(context):
            return ()
        try:
            return followed(self.source, answers, context)
        except CollectionError:
            return ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        if not self._wanted(context):
            return None
        try:
            self.source.asks(context)
            return self.source.assemble(answers, context)
        except CollectionError as error:
            return error.as_failure()

    def problems(self, context: Context) -> tuple[str, ...]:
        """What the source says is wrong."""
        said = getattr(self.source, "problems", None)
        return tuple(said(context)) if said is not None and self._wanted(context) else ()

    def _wanted(self, context: Context) -> bool:
        return not self.when or bool(getattr(context.limits, self.when))


def known(found: Any) -> Any:
    """What a `Beside` source gave.

    Raises:
        CollectionError: it gave its failure.
    """
    if isinstance(found, Failure):
        raise raised_from(found)
    return found
