"""What a PromQL expression says, as far as alert rules are compared: metrics, outer comparison, number."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator

import msgspec

from opsproof.sources.prometheus.reading.matchers import Matcher

_COMPARISONS = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow,
}  # fmt: skip
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_GROWTH = frozenset(["rate", "irate", "increase", "delta", "idelta", "deriv"])

# Aggregations that give whole series, and functions that give none of the labels of what they read.
_WHOLE = frozenset(["topk", "bottomk", "limitk", "limit_ratio"])
_BARE = frozenset(["vector", "scalar", "time", "absent", "absent_over_time"])


class Number(msgspec.Struct, frozen=True):
    value: float


class Text(msgspec.Struct, frozen=True):
    value: str


class Selector(msgspec.Struct, frozen=True):
    """A metric with its matchers; one given only as `{__name__="x"}` has that name."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        plain = bool(_NAME.fullmatch(self.name))
        named = any(one.name == "__name__" for one in self.matchers)
        parts = [] if plain or named or not self.name else [str(Matcher("__name__", "=", self.name))]
        parts += map(str, self.matchers)
        head = self.name if plain and not named else ""
        return head + (f"{{{','.join(parts)}}}" if parts or not head else "")


class Call(msgspec.Struct, frozen=True):
    """A function or an aggregation with its arguments.

    `kept` are the labels of an aggregation's `by`, `dropped` those of its `without`; None for a function.
    """

    name: str
    arguments: tuple[Node, ...]
    kept: tuple[str, ...] | None = None
    dropped: tuple[str, ...] | None = None


class Binary(msgspec.Struct, frozen=True):
    """`boolean`: a comparison that gives 0 or 1 and so filters nothing."""

    sign: str
    left: Node
    right: Node
    boolean: bool = False


Node = Number | Text | Selector | Call | Binary


class Condition(msgspec.Struct, frozen=True):
    """A comparison that makes an expression give results: `what sign number`, factors taken out.

    `100 * a / b > 5` is a condition on `a / b` with the number 0.05.
    """

    what: Node
    sign: str
    number: float

    @property
    def is_ratio(self) -> bool:
        """Two things are divided by each other, or at least no bare growth per second is compared."""
        nodes = list(walk(self.what))
        divided = any(isinstance(node, Binary) and node.sign == "/" for node in nodes)
        return divided or not any(isinstance(node, Call) and node.name in _GROWTH for node in nodes)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for below in node.arguments if isinstance(node, Call) else _sides(node):
        yield from walk(below)


def selectors(node: Node) -> Iterator[Selector]:
    return (one for one in walk(node) if isinstance(one, Selector))


def keeps(node: Node, label: str) -> bool:
    """Whether what the expression gives may bear this label of the series that it reads."""
    if isinstance(node, Selector):
        return True
    if isinstance(node, Call):
        if node.kept is not None and node.name not in _WHOLE:
            return label in node.kept
        if node.name in _BARE or (node.dropped is not None and label in node.dropped):
            return False
        return any(keeps(one, label) for one in node.arguments)
    return any(keeps(side, label) for side in _sides(node))


def conditions(node: Node) -> Iterator[Condition]:
    """The outer comparisons with a number; of `a and b`, `a or b` those of both, of `a unless b` of `a`."""
    if not isinstance(node, Binary):
        return
    if node.sign in {"and", "or", "unless"}:
        yield from conditions(node.left)
        if node.sign != "unless":
            yield from conditions(node.right)
    elif node.sign in _COMPARISONS and not node.boolean:
        left, right = _constant(node.left), _constant(node.right)
        if right is not None and left is None:
            yield _scaled(node.left, node.sign, right)
        elif left is not None and right is None:
            yield _scaled(node.right, _COMPARISONS[node.sign], left)


def _sides(node: Node) -> tuple[Node, ...]:
    return (node.left, node.right) if isinstance(node, Binary) else ()


def _constant(node: Node) -> float | None:
    """The value of an expression of numbers alone."""
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Binary) or node.sign not in _ARITHMETIC:
        return None
    left, right = _constant(node.left), _constant(node.right)
    return None if left is None or right is None else _calculated(node.sign, left, right)


def _calculated(sign: str, left: float, right: float) -> float | None:
    try:
        value = _ARITHMETIC[sign](left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _scaled(what: Node, sign: str, number: float) -> Condition:
    """Take constant positive factors and divisors to the number's side."""
    factor, rest = _factored(what)
    scaled = number / factor if factor > 0 else math.inf
    return Condition(rest, sign, scaled) if math.isfinite(scaled) else Condition(what, sign, number)


def _factored(node: Node) -> tuple[float, Node]:
    """The constant factors of a product or quotient, and what they multiply."""
    if not isinstance(node, Binary) or node.sign not in {"*", "/"}:
        return 1.0, node
    left, right = _positive(node.left), _positive(node.right)
    if right is not None:
        factor, rest = _factored(node.left)
        return (factor * right if node.sign == "*" else factor / right), rest
    if left is not None and node.sign == "*":
        factor, rest = _factored(node.right)
        return factor * left, rest
    (above, one), (below, other) = _factored(node.left), _factored(node.right)
    return (above * below if node.sign == "*" else above / below), Binary(node.sign, one, other)


def _positive(node: Node) -> float | None:
    value = _constant(node)
    return value if value is not None and value > 0 else None
