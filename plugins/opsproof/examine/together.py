"""Several sources as one argument of a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opsproof.model.argument import Answer, Argument, Context
from opsproof.model.ask import Ask

Parts = Mapping[str, Argument]


def asks_of(parts: Parts, context: Context) -> tuple[Ask, ...]:
    """What all the parts ask, in their order."""
    return tuple(ask for part in parts.values() for ask in part.asks(context))


def problems_of(parts: Parts, context: Context) -> tuple[str, ...]:
    """What the parts say is wrong, without asking anybody."""
    found = (getattr(part, "problems", None) for part in parts.values())
    return tuple(text for said in found if said is not None for text in said(context))


def assembled(parts: Parts, answers: Sequence[Answer[Any]], context: Context) -> dict[str, Any]:
    """What each part gives, of the answers in the order of `asks_of`."""
    rest = iter(answers)
    return {
        name: part.assemble([next(rest) for _ in part.asks(context)], context) for name, part in parts.items()
    }
