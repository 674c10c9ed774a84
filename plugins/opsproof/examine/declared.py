"""Names of the environment as a check's argument: what the row is about, without asking any server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask


@dataclass(frozen=True)
class Declared:
    """Source: the values of a name of the environment, e.g. `Declared("namespaces")`."""

    name: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        context.names(self.name)
        return ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[str, ...]:
        return context.names(self.name)
