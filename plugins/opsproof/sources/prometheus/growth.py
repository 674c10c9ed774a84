"""PromQL texts that every check which adds series up shares."""

from __future__ import annotations

REPLICAS = ("prometheus_replica", "replica", "__replica__")
"""Labels by which the same series of a pair of Prometheus servers differ."""

_BEFORE = "1h"


def folded(expression: str) -> str:
    """The expression's series, those that differ only in a replica label once: sums would count them twice.

    `${replicas}` are the labels that the environment's target names.
    """
    return f"max without (${{replicas}}) ({expression})"


def growth(selector: str, by: str = "", window: str = "${window}") -> str:
    """How much counters grew within the window, added up `by (le)` or over all.

    `increase` of a series that was born within the window lacks what it was born with: a counter of errors
    that comes to life with its first forty says 0. Such a series counts with all it has.
    """
    before = f"count_over_time({selector}[{_BEFORE}] offset {window})"
    old = f"(increase({selector}[{window}]) and {before})"
    born = f"(max_over_time({selector}[{window}]) unless {before})"
    by = f"{by} " if by else ""
    return f"sum {by}({folded(f'{old} or {born}')})"
