"""What the environment says as a check's argument, without asking any server: its names, and its targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured


class Targeted(msgspec.Struct, frozen=True):
    """Source: whether the environment has a target of a kind for the row, e.g. `Targeted("postgres")`."""

    kind: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> bool:
        try:
            context.target(self.kind)
        except NotConfigured:
            return False
        return True


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
