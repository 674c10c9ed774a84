"""Names of the environment as a check's argument: what the row is about, without asking any server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured


class Declared(msgspec.Struct, frozen=True):
    """Source: the values of a name of the environment, e.g. `Declared("namespaces")`.

    An `optional` name that nobody sets has no values; any other makes the item undecided.
    """

    name: str
    optional: bool = False

    def asks(self, context: Context) -> tuple[Ask, ...]:
        self._values(context)
        return ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[str, ...]:
        return self._values(context)

    def _values(self, context: Context) -> tuple[str, ...]:
        try:
            return context.names(self.name)
        except NotConfigured:
            if self.optional:
                return ()
            raise
