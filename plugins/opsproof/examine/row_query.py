"""A query that a row writes itself: what is asked, and what is wrong with it before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from opsproof.examine.beside import Beside
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured
from opsproof.sources.prometheus.facts import PromQL, Samples
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.parse import parse
from opsproof.sources.prometheus.reading.promql import Node, conditions, selectors

_MOST_SELECTORS = 6


class Answered(msgspec.Struct, frozen=True):
    """The query as it was asked, its samples, and what is known of the selectors in it."""

    query: str
    samples: Samples
    known: tuple[Known | Failure, ...]

    @property
    def unmatched(self) -> str:
        """What of the query never matched anything; empty where all did at some time."""
        return "; ".join(one.unmatched for one in self.known if isinstance(one, Known) and not one.ever)


class RowQuery(msgspec.Struct, frozen=True):
    """Source: the query in the limits' field `query`, over `sustained`.

    A comparison in the query would filter: what it leaves out looks like what never was.
    """

    field: str = "query"
    kind: str = "prometheus"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(ask for part in self._parts(context) for ask in part.asks(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Answered:
        rest = iter(answers)
        found: list[Any] = [
            part.assemble([next(rest) for _ in part.asks(context)], context) for part in self._parts(context)
        ]
        samples, *known = found
        return Answered(self._text(context), samples, tuple(known))

    def problems(self, context: Context) -> tuple[str, ...]:
        """What is wrong with the query, without asking anybody."""
        try:
            self.asks(context)
        except NotConfigured as error:
            return (error.message,)
        return ()

    def _text(self, context: Context) -> str:
        return context.fill(f"${{{self.field}}}")

    def _parts(self, context: Context) -> Iterator[PromQL | Beside]:
        tree = _read(self._text(context))
        yield PromQL(f"${{{self.field}}}", kind=self.kind)
        for selector in list(dict.fromkeys(map(str, selectors(tree))))[:_MOST_SELECTORS]:
            yield Beside(Matched(selector, self.kind))


def _read(query: str) -> Node:
    """Raises NotConfigured for what is no PromQL, or filters."""
    try:
        tree = parse(query)
    except ValueError as error:
        raise NotConfigured(f"query {query!r} is no PromQL: {error}") from None
    if any(conditions(tree)):
        raise NotConfigured(f"query {query!r} compares: write the value alone, and the bound under limits")
    return tree
