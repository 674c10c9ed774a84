"""Whether the conditions of the runbook exist as alert rules that work."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from opsproof import HIGH, AtMost, Duration, Examination, Limits, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.examine.declared import Declared
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.cluster import PrometheusRule
from opsproof.sources.prometheus.reading.alert_rules import NOT_YET, DemandedRule, LoadedRule, loaded_rules
from opsproof.sources.prometheus.status import LoadedRules

Objects = Annotated[
    Listing[PrometheusRule] | Failure | None, Beside(Kubernetes("prometheusrules"), when="kubernetes")
]
Namespaces = Annotated[tuple[str, ...] | Failure, Beside(Declared("namespaces"))]


class RuleLimits(Limits):
    """`rules` that must be loaded; `groups` (patterns) narrows what is looked at.

    `kubernetes`: each PrometheusRule object is loaded. `severities`: the labels that alert rules may
    carry, and what they stand for; rules named in `exempt` need none. `longest` may a demanded rule wait whose
    `for` the row does not say: no longer than somebody has to respond. When neither rules nor severities
    nor objects are demanded, every group must work.
    """

    rules: Scoped[tuple[DemandedRule, ...]] = ()
    groups: Scoped[tuple[str, ...]] = ()
    kubernetes: Scoped[bool] = True
    severities: Scoped[dict[str, str | tuple[str, ...]]] = {}
    exempt: Scoped[tuple[str, ...]] = ("Watchdog", "InfoInhibitor")
    longest: AtMost[Duration] = AtMost.parse("1h", Duration)


@check(
    "monitoring/alert-rule-parity",
    title="Every alert that the runbook counts on is loaded and works",
    level=HIGH,
)
def check_rules(
    groups: LoadedRules, objects: Objects, namespaces: Namespaces, limits: RuleLimits, examine: Examination
) -> None:
    """A condition without a working rule happens unnoticed, although the runbook tells what to do then."""
    loaded = list(loaded_rules(groups))
    own = [one for one in loaded if _in_groups(one, limits.groups) and _concerns(one, namespaces)]
    for pattern in limits.groups:
        with examine(Subject("group", pattern), limit="loaded"):
            assert any(_in_groups(one, (pattern,)) for one in loaded), f"no group {pattern} is loaded"
    for demanded in limits.rules:
        _examine_demand(demanded, own, limits, examine)
    for one in own:
        if limits.severities and one.rule.alerting and one.rule.name not in limits.exempt:
            _examine_severity(one, limits.severities, examine)
    if limits.kubernetes:
        _examine_objects(objects, loaded, examine)
    elif not limits.rules and not limits.severities:
        for group in dict.fromkeys(one.group.name for one in own):
            _examine_group(group, own, examine)


def _in_groups(one: LoadedRule, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(one.group.name, pattern) for pattern in patterns)


def _concerns(one: LoadedRule, namespaces: tuple[str, ...] | Failure) -> bool:
    return isinstance(namespaces, Failure) or not namespaces or one.concerns(namespaces)


def _examine_demand(
    demanded: DemandedRule, own: Sequence[LoadedRule], limits: RuleLimits, examine: Examination
) -> None:
    subject = Subject("rule", str(demanded))
    with deciding(examine, subject):
        alerting = [one for one in own if one.rule.alerting]
        found = (one for one in alerting if one.mentions(demanded.metric))
        about = [(one.differences(demanded, limits.longest), one) for one in found]
        short, nearest = min(about, key=lambda candidate: len(candidate[0]), default=([], None))
        unread = [one for one in alerting if one.tree is None and demanded.metric in one.rule.query]
        if unread and (nearest is None or short):
            raise Undecided(f"the expression of rule {unread[0].rule.name} is not understood")
        if short == [NOT_YET]:
            raise Undecided(f"rule {nearest.rule.name if nearest else ''} {NOT_YET}")
        with examine(subject, measured=nearest.rule.name if nearest else "no rule", limit=str(demanded)):
            assert nearest is not None, f"no alert rule on {demanded.metric} is loaded"
            assert not short, f"the nearest rule, {nearest.rule.name}, {' and '.join(short)}"


def _examine_severity(
    one: LoadedRule, severities: Mapping[str, str | tuple[str, ...]], examine: Examination
) -> None:
    severity = one.rule.labels.get("severity", "")
    with examine(one, measured=severity or "none", limit=", ".join(severities)):
        assert severity in severities, f"severity {severity or 'none'} stands for no class of incident"


def _examine_objects(
    objects: Listing[PrometheusRule] | Failure | None, loaded: Sequence[LoadedRule], examine: Examination
) -> None:
    with deciding(examine, Subject("objects", "PrometheusRule")):
        # A group's name is unique in its file only: of those that bear it, the one with most of the rules counts.
        groups: dict[str, set[frozenset[str]]] = {}
        for group in {id(rule.group): rule.group for rule in loaded}.values():
            groups.setdefault(group.name, set()).add(frozenset(rule.name for rule in group.rules))
        for one in known(objects) or ():
            absent = [name for name in one.groups if name not in groups]
            missing = [rule for name, rules in one.by_group for rule in _missing(rules, groups.get(name, ()))]
            present = len(one.groups) - len(absent)
            with examine(one, measured=f"{present} groups loaded", limit=f"{len(one.groups)} groups loaded"):
                assert not absent, f"Prometheus has not loaded its groups {', '.join(absent)}"
                assert not missing, f"Prometheus has not loaded its rules {', '.join(missing)}"
            for name in one.groups:
                _examine_group(name, loaded, examine)


def _missing(rules: Sequence[str], loaded: Collection[frozenset[str]]) -> list[str]:
    lacks = [[rule for rule in rules if rule not in group] for group in loaded]
    return min(lacks, key=len, default=[])


def _examine_group(name: str, loaded: Sequence[LoadedRule], examine: Examination) -> None:
    found = [one for one in loaded if one.group.name == name]
    wrong = [f"rule {one.rule.name} {' and '.join(why)}" for one in found if (why := one.trouble())]
    if not found:
        return
    with examine(
        Subject("group", name), measured=f"{len(wrong)} of {len(found)} rules in trouble", limit="0"
    ):
        if wrong and all(text.endswith(NOT_YET) for text in wrong):
            raise Undecided(f"{len(wrong)} of its rules {NOT_YET}")
        assert not wrong, "; ".join(wrong)
