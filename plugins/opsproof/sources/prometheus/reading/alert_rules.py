"""How a loaded alert rule compares with what a runbook demands of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from opsproof.model.limits import AtMost
from opsproof.model.listing import Listing
from opsproof.model.moment import Clock
from opsproof.model.subject import Subject
from opsproof.model.units import Bytes, Duration, Percent, duration_text
from opsproof.sources.prometheus.reading.matchers import Matcher, all_match
from opsproof.sources.prometheus.reading.parse import parse
from opsproof.sources.prometheus.reading.promql import Condition, Node, Selector, conditions, selectors
from opsproof.sources.prometheus.status import Rule, RuleGroup

NOT_YET = "was not evaluated yet"
_EVALUATIONS = 2


class DemandedRule(BaseModel):
    """What a rule must do. A `threshold` in `%` also demands that a ratio is compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    comparison: Literal[">", ">=", "<", "<=", "==", "!="] | None = None
    threshold: float | Percent | Duration | Bytes | None = None
    lasting: Duration | None = Field(default=None, alias="for")
    severity: str | None = None

    @field_validator("threshold", mode="before")
    @classmethod
    def _with_unit(cls, given: object) -> object:
        if given is None or (isinstance(given, (int, float)) and not isinstance(given, bool)):
            return given
        for unit in (Percent, Duration, Bytes):
            try:
                return unit.parse(given)
            except ValueError:
                continue
        raise ValueError(f"{given!r} is no threshold; write a number, 5%, 500ms or 1Gi")

    def __str__(self) -> str:
        parts = [self.metric]
        if self.comparison and self.threshold is not None:
            parts.append(f"{self.comparison} {_text(self.threshold)}")
        return " ".join(parts) + (f" ({self.severity})" if self.severity else "")


class LoadedRule(msgspec.Struct, frozen=True):
    """A loaded rule in its group, with the server's clock; `tree` is None for what cannot be read."""

    group: RuleGroup
    rule: Rule
    clock: Clock
    tree: Node | None

    @property
    def subject(self) -> Subject:
        return Subject("rule", f"{self.group.name}/{self.rule.name}")

    def mentions(self, metric: str) -> bool:
        return self.tree is not None and _mentions(self.tree, metric)

    def concerns(self, namespaces: Sequence[str]) -> bool:
        """False for a rule that is about other namespaces only, by its selectors or its own label."""
        found = selectors(self.tree) if self.tree is not None else ()
        pinned = [matchers for one in found if (matchers := _of_namespace(one))]
        if pinned:
            return any(all_match(some, {"namespace": name}) for some in pinned for name in namespaces)
        label = self.rule.labels.get("namespace")
        return label is None or label in namespaces

    def trouble(self) -> list[str]:
        """Why it does not work; empty when it does."""
        if self.rule.health == "unknown" or self.rule.evaluated is None:
            return [NOT_YET]
        found = [] if self.rule.health == "ok" else [f"has health {self.rule.health}"]
        age = self.clock.age(self.rule.evaluated)
        most = _EVALUATIONS * self.group.interval
        # The server's clock is told in whole seconds.
        if age > most + 1:
            found.append(f"was evaluated {duration_text(age)} ago, at most {duration_text(most)} needed")
        return found

    def differences(self, demanded: DemandedRule, longest: AtMost[Duration]) -> list[str]:
        """How it falls short of what is demanded; empty when it does not.

        `longest` bounds its `for` where the row does not say it: an alert ten hours late helps nobody.
        """
        found = self.trouble()
        if demanded.comparison is not None or demanded.threshold is not None:
            found += self._condition_differences(demanded)
        if demanded.lasting is not None:
            longest = AtMost(((None, demanded.lasting, False),))
        if not longest.allows(self.rule.lasting):
            found.append(f"waits {duration_text(self.rule.lasting)}, {longest} needed")
        severity = self.rule.labels.get("severity", "")
        if demanded.severity is not None and severity != demanded.severity:
            found.append(f"has severity {severity or 'none'}, {demanded.severity} needed")
        return found

    def _condition_differences(self, demanded: DemandedRule) -> list[str]:
        found = conditions(self.tree) if self.tree is not None else ()
        about = [_unlike(demanded, one) for one in found if _mentions(one.what, demanded.metric)]
        return min(about, key=len, default=["does not compare it with a number"])


def loaded_rules(groups: Listing[RuleGroup]) -> Iterator[LoadedRule]:
    """Every rule of the groups, its expression parsed."""
    for group in groups:
        for rule in group.rules:
            yield LoadedRule(group, rule, groups.clock, _tree(rule.query))


def _tree(query: str) -> Node | None:
    try:
        return parse(query)
    except ValueError:
        return None


def _mentions(node: Node, metric: str) -> bool:
    return any(one.name == metric for one in selectors(node))


def _of_namespace(selector: Selector) -> list[Matcher]:
    return [matcher for matcher in selector.matchers if matcher.name == "namespace"]


def _unlike(demanded: DemandedRule, condition: Condition) -> list[str]:
    wrong: list[str] = []
    compared = f"compares {condition.sign} {condition.number:.6g}"
    if demanded.comparison is not None and condition.sign != demanded.comparison:
        wrong.append(f"{compared}, {demanded.comparison} needed")
    number = demanded.threshold
    if number is not None and not math.isclose(condition.number, number, rel_tol=1e-9, abs_tol=1e-12):
        wrong.append(f"{compared}, {_text(number)} needed")
    if isinstance(number, Percent) and not condition.is_ratio:
        wrong.append("compares a rate per second where a ratio is meant")
    return wrong


def _text(threshold: Any) -> str:
    return f"{threshold:.6g}" if type(threshold) in (int, float) else str(threshold)
