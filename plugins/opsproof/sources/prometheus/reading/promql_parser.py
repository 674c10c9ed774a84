"""Reads PromQL into the tree of `opsproof.sources.prometheus.reading.promql`.

A parser for the whole expression grammar; it evaluates nothing. Parentheses, ranges, offsets and
vector matching leave no trace in the tree, because comparing rules does not need them.
"""

from __future__ import annotations

import re

from opsproof.sources.prometheus.reading.matchers import parsed
from opsproof.sources.prometheus.reading.promql import Binary, Call, Node, Number, Selector, Text

_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_TOKEN = re.compile(
    rf"""\s*(?:\#[^\n]*\n?\s*)*(?:
        (?P<duration>{_DURATION})(?![\w.])
      | (?P<number>0x[0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w])
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      | (?P<name>[a-zA-Z_:][\w:.]*)
      | (?P<sign>==|!=|=~|!~|>=|<=|[-+*/%^<>=(){{}}\[\],:@])
    )""",
    re.VERBOSE,
)
_BINDING = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, ">": 3, "<": 3, ">=": 3, "<=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6,
}  # fmt: skip
_AGGREGATIONS = frozenset(
    [
        "sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk",
        "quantile", "limitk", "limit_ratio",
    ]
)  # fmt: skip
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_DEEPEST = 60


def parse(text: str) -> Node:
    """The expression as a tree.

    Raises:
        ValueError: not PromQL, or nested too deeply.
    """
    parser = _Parser(text)
    node = parser.expression(0, 0)
    if parser.kind != "end":
        raise ValueError(f"unexpected {parser.value!r} in the expression")
    return node


class _Parser:
    """Precedence climbing over tokens; `kind` and `value` are those of the token to be read next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.kind, self.value = "", ""
        self._next()

    def _next(self) -> str:
        value = self.value
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            rest = re.sub(r"#[^\n]*", "", self._text[self._at :]).strip()
            if rest:
                raise ValueError(f"unreadable at {rest[:20]!r}")
            self.kind, self.value = "end", ""
        else:
            self.kind = str(match.lastgroup)
            self.value = match[self.kind]
            self._at = match.end()
        return value

    def _take(self, *values: str) -> bool:
        if self.kind in {"sign", "name"} and self.value.lower() in values:
            self._next()
            return True
        return False

    def _need(self, value: str) -> None:
        if not self._take(value):
            raise ValueError(f"{value!r} expected, found {self.value!r}")

    def expression(self, least: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        left = self._unary(depth)
        while self.kind in {"sign", "name"}:
            sign = self.value.lower()
            binding = _BINDING.get(sign, 0)
            if not binding or binding < least:
                break
            self._next()
            boolean = self._modifiers()
            right = self.expression(binding if sign == "^" else binding + 1, depth + 1)
            left = Binary(sign, left, right, boolean)
        return left

    def _modifiers(self) -> bool:
        boolean = self._take("bool")
        if self._take("on", "ignoring"):
            self._names()
            if self._take("group_left", "group_right") and self.value == "(":
                self._names()
        return boolean

    def _names(self) -> None:
        self._need("(")
        while not self._take(")"):
            if self.kind == "end":
                raise ValueError("a list of labels is not closed")
            self._next()

    def _unary(self, depth: int) -> Node:
        if self._take("-"):
            return Binary("-", Number(0.0), self.expression(6, depth + 1))
        if self._take("+"):
            return self.expression(6, depth + 1)
        return self._followed(self._primary(depth))

    def _primary(self, depth: int) -> Node:
        if self.kind == "number":
            return Number(_number(self._next()))
        if self.kind == "duration":
            return Number(_duration(self._next()))
        if self.kind == "text":
            return Text(self._next()[1:-1])
        if self._take("("):
            inside = self.expression(0, depth + 1)
            self._need(")")
            return inside
        if self.value == "{":
            return self._selector("")
        if self.kind == "name":
            return self._named(self._next(), depth)
        raise ValueError(f"unexpected {self.value or 'end'!r}")

    def _named(self, name: str, depth: int) -> Node:
        if name.lower() in {"inf", "nan"}:
            return Number(float(name))
        if name.lower() in _AGGREGATIONS and (self.value == "(" or self.value.lower() in {"by", "without"}):
            self._grouping()
            arguments = self._arguments(depth)
            self._grouping()
            return Call(name.lower(), arguments)
        if self.value == "(":
            return Call(name, self._arguments(depth))
        return self._selector(name)

    def _grouping(self) -> None:
        if self._take("by", "without"):
            self._names()

    def _arguments(self, depth: int) -> tuple[Node, ...]:
        self._need("(")
        found: list[Node] = []
        while not self._take(")"):
            found.append(self.expression(0, depth + 1))
            if self.value != ")":
                self._need(",")
        return tuple(found)

    def _selector(self, name: str) -> Selector:
        if self.value != "{":
            return Selector(name)
        parts: list[str] = []
        while self._next() != "}":
            if self.kind == "end":
                raise ValueError("a selector is not closed")
            if self.value != "}":
                parts.append(_double_quoted(self.value) if self.kind == "text" else self.value)
        matchers = parsed("".join(parts))
        named = [one.value for one in matchers if one.name == "__name__" and one.operator == "="]
        return Selector(name or "".join(named[:1]), matchers)

    def _followed(self, node: Node) -> Node:
        while True:
            if self._take("["):
                while not self._take("]"):
                    if self.kind == "end":
                        raise ValueError("a range is not closed")
                    self._next()
            elif self._take("offset"):
                self._take("-")
                self._next()
            elif self._take("@"):
                self._take("-")
                self._next()
                if self._take("("):
                    self._need(")")
            else:
                return node


def _number(text: str) -> float:
    return float(int(text, 16)) if text.startswith("0x") else float(text)


def _duration(text: str) -> float:
    return sum(float(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))


def _double_quoted(text: str) -> str:
    if text.startswith('"'):
        return text
    inside = text[1:-1] if text.startswith("'") else text[1:-1].replace("\\", "\\\\")
    return '"' + inside.replace('"', '\\"') + '"'
