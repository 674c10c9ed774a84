"""Label selectors with the API's whole semantics."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes.facts.meta import Wire


class Expression(Wire, frozen=True):
    """One entry of `matchExpressions`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """NotIn and DoesNotExist hold for an absent label. Raises BadAnswer: unknown operator."""
        if self.operator == "In":
            return self.key in labels and labels[self.key] in self.values
        if self.operator == "NotIn":
            return self.key not in labels or labels[self.key] not in self.values
        if self.operator == "Exists":
            return self.key in labels
        if self.operator == "DoesNotExist":
            return self.key not in labels
        raise BadAnswer(f"a label selector has the unknown operator {self.operator!r}")


class LabelSelector(Wire, frozen=True):
    """`{}` selects everything. A selector that is null selects nothing: see `selects`."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: tuple[Expression, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            expression.matches(labels) for expression in self.match_expressions
        )

    @property
    def selects_all(self) -> bool:
        return not self.match_labels and not self.match_expressions


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether the selector selects things with these labels; null selects nothing."""
    return selector is not None and selector.matches(labels)


_NAME = r"(?:[A-Za-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
_EQUAL = re.compile(rf"({_NAME})\s*(==|=|!=)\s*({_VALUE})")
_IN = re.compile(rf"({_NAME})\s+(in|notin)\s*\(([^()]*)\)")
_EXISTS = re.compile(rf"(!?)\s*({_NAME})")


def parse_selector(text: str) -> LabelSelector:
    """Read kubectl's form: `app=backend,tier!=db,env in (a, b),!canary`. Empty selects everything.

    Raises:
        ValueError: not a label selector.
    """
    labels: dict[str, str] = {}
    expressions: list[Expression] = []
    for part in _parts(text):
        found = _expression(part)
        if found.operator == "In" and len(found.values) == 1 and found.key not in labels:
            labels[found.key] = found.values[0]
        else:
            expressions.append(found)
    return LabelSelector(match_labels=labels, match_expressions=tuple(expressions))


def _parts(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text)] if text.strip() else []


def _expression(part: str) -> Expression:
    if match := _EQUAL.fullmatch(part):
        return Expression(key=match[1], operator="NotIn" if match[2] == "!=" else "In", values=(match[3],))
    if match := _IN.fullmatch(part):
        values = tuple(value.strip() for value in match[3].split(","))
        if all(re.fullmatch(_VALUE, value) for value in values):
            return Expression(key=match[1], operator="In" if match[2] == "in" else "NotIn", values=values)
    elif match := _EXISTS.fullmatch(part):
        return Expression(key=match[2], operator="DoesNotExist" if match[1] else "Exists")
    raise ValueError(f"{part!r} is not a label selector; write it like app=backend or tier in (web, api)")
