"""Reads PromQL into the tree of `opsproof.sources.prometheus.reading.promql`.

The grammar is the library's (promql-parser); parentheses, ranges, offsets and vector matching leave no trace
in the tree, because comparing rules does not need them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import promql_parser

from opsproof.sources.prometheus.reading.matchers import Matcher
from opsproof.sources.prometheus.reading.promql import Binary, Call, Node, Number, Selector, Text

# The library works on the stack, in quadratic time, and ends the process where the stack ends.
_LONGEST = 20_000
_MOST_SIGNS = 250
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`(?P<raw>[^`]*)`|\#[^\n]*", re.DOTALL)
_SIGNS = re.compile(r"[-+*/%^<>=!({\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


@lru_cache(256)  # one query is read for its arguments, its proof and its answer
def parse(text: str) -> Node:
    """The expression as a tree.

    Raises:
        ValueError: not PromQL, or too long, or nested too deeply.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"an expression of more than {_LONGEST} characters is not read")
    if len(_SIGNS.findall(_QUOTED.sub("", text))) > _MOST_SIGNS:
        raise ValueError(f"an expression with more than {_MOST_SIGNS} signs is not read")
    return _node(promql_parser.parse(_QUOTED.sub(_plain, text)))


def unread(text: str) -> str:
    """Why it is no PromQL; empty when it is."""
    try:
        parse(text)
    except ValueError as error:
        return f"{text!r} is no PromQL: {error}"
    return ""


def selector(text: str) -> Selector:
    """The one selector that the text is.

    Raises:
        ValueError: not PromQL, or more than a selector.
    """
    node = parse(text)
    if not isinstance(node, Selector):
        raise ValueError(f'{text!r} is no selector; write it like http_requests_total{{job="api"}}')
    return node


def _plain(match: re.Match[str]) -> str:
    """The library reads escapes in raw strings, which have none, and stumbles over a comment at the end."""
    if match["raw"] is not None:
        escaped = match["raw"].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return " " if match[0].startswith("#") else match[0]


def _node(found: Any) -> Node:
    match found:
        case promql_parser.NumberLiteral():
            return Number(found.val)
        case promql_parser.StringLiteral():
            return Text(found.val)
        case promql_parser.VectorSelector():
            return _selector(found)
        case promql_parser.MatrixSelector():
            return _selector(found.vector_selector)
        case promql_parser.ParenExpr() | promql_parser.SubqueryExpr():
            return _node(found.expr)
        case promql_parser.UnaryExpr():
            return Binary("-", Number(0.0), _node(found.expr))
        case promql_parser.Call():
            return Call(found.func.name, tuple(map(_node, found.args)))
        case promql_parser.AggregateExpr():
            return _aggregation(found)
        case promql_parser.BinaryExpr():
            return _binary(found)
    raise ValueError(f"{type(found).__name__} is not understood")


def _aggregation(found: Any) -> Call:
    of = ([found.param] if found.param is not None else []) + [found.expr]
    arguments = tuple(map(_node, of))
    labels = tuple(found.modifier.labels) if found.modifier is not None else ()
    without = found.modifier is not None and found.modifier.type == promql_parser.AggModifierType.Without
    return (
        Call(str(found.op), arguments, dropped=labels) if without else Call(str(found.op), arguments, labels)
    )


def _binary(found: Any) -> Binary:
    boolean = found.modifier is not None and found.modifier.return_bool
    return Binary(str(found.op), _node(found.lhs), _node(found.rhs), boolean)


def _selector(found: Any) -> Selector:
    matchers = tuple(_matcher(one) for one in found.matchers.matchers)
    if found.matchers.or_matchers:
        raise ValueError("a selector with `or` is not understood")
    named = [one.value for one in matchers if one.name == "__name__" and one.operator == "="]
    return Selector(found.name or "".join(named[:1]), matchers)


_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def _matcher(found: Any) -> Matcher:
    return Matcher(found.name, _OPERATORS[str(found.op).rpartition(".")[2]], found.value)
