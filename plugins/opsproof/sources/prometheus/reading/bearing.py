"""Whether a loaded alert rule can give an alert with certain labels: what makes the absence of one good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from opsproof.model.failure import Failure, Undecided, raised_from
from opsproof.sources.prometheus.known import Known
from opsproof.sources.prometheus.reading.alert_rules import LoadedRule
from opsproof.sources.prometheus.reading.matchers import Matcher
from opsproof.sources.prometheus.reading.promql import keeps, selectors


class Bearing(msgspec.Struct, frozen=True):
    """The alert rules, what is known of the wanted labels, and the labels that every alert is sent with."""

    rules: Sequence[LoadedRule]
    known: Mapping[Matcher, Known | Failure]
    external: Mapping[str, str]

    def require(self, wanted: Sequence[Matcher]) -> None:
        """Require that an alert with these labels could be there.

        Raises:
            Undecided: no rule can give one; the message has the nearest spelling.
            CollectionError: whether a label is there could not be asked.
        """
        if not self.rules:
            raise Undecided("no alert rule is loaded that could fire")
        if any(all(self._can(rule, matcher) for matcher in wanted) for rule in self.rules):
            return
        for matcher in wanted:
            found = self.known.get(matcher)
            if not any(self._can(rule, matcher) for rule in self.rules):
                if isinstance(found, Failure) and any(_open(rule, matcher) for rule in self.rules):
                    raise raised_from(found)
                raise Undecided(f"no loaded alert rule can give {matcher}{self._near(matcher)}")
        raise Undecided(f"no loaded alert rule can give all of {', '.join(map(str, wanted))}")

    def _can(self, rule: LoadedRule, matcher: Matcher) -> bool:
        given = _given(rule, matcher.name)
        if given is None and not _open(rule, matcher):
            return matcher.matches(self.external)
        if given is not None:
            return matcher.matches({matcher.name: given})
        found = self.known.get(matcher)
        return matcher.matches(self.external) or (isinstance(found, Known) and found.ever)

    def _near(self, matcher: Matcher) -> str:
        there = {_given(rule, matcher.name) or "" for rule in self.rules} - {""}
        near = get_close_matches(matcher.value, sorted(there), 3, 0.6) or (
            sorted(there) if len(there) < 6 else []
        )
        if near:
            return f"; the nearest is {', '.join(near)}"
        found = self.known.get(matcher)
        return f": {found.hint}" if isinstance(found, Known) and found.hint else ""


def wanting(matchers: Iterable[Matcher]) -> tuple[Matcher, ...]:
    """Those that a label's value must fulfil and that series may bear: not met by a missing label."""
    return tuple(one for one in matchers if one.name != "alertname" and not one.matches({}))


def _given(rule: LoadedRule, label: str) -> str | None:
    """The label's value where the rule itself sets it; None where it is a template, or comes from the series."""
    if label == "alertname":
        return rule.rule.name
    value = rule.rule.labels.get(label)
    return None if value is None or "{{" in value else value


def _open(rule: LoadedRule, matcher: Matcher) -> bool:
    """Whether the series that the rule reads, or a template, may give a fitting value."""
    if matcher.name in rule.rule.labels or rule.tree is None:
        return True
    if not keeps(rule.tree, matcher.name):
        return False
    pinned = [[own for own in one.matchers if own.name == matcher.name] for one in selectors(rule.tree)]
    return any(all(_compatible(own, matcher) for own in some) for some in pinned)


def _compatible(own: Matcher, wanted: Matcher) -> bool:
    if own.operator == "=":
        return wanted.matches({own.name: own.value})
    return wanted.operator != "=" or own.matches({own.name: wanted.value})
