"""Names of the environment as a check's argument: what the row is about, without asking any server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsproof.model.ask import Ask
from opsproof.source import Answer, Context


@dataclass(frozen=True)
class Names:
    """Source: the values of a name of the environment, e.g. `Names("namespaces")`."""

    name: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        context.names(self.name)
        return ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[str, ...]:
        return context.names(self.name)
