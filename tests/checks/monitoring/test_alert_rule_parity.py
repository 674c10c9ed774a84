"""monitoring/alert-rule-parity on plain facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from checks.monitoring.check_alert_rule_parity import RuleLimits, check_rules
from opsproof import Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.cluster import PrometheusRule
from opsproof.sources.prometheus.status import Rule, RuleGroup
from tests.checks.measured import NOW, ago, examination, only

ERRORS = (
    'sum(rate(http_requests_total{namespace="shop",status=~"5.."}[5m]))'
    ' / sum(rate(http_requests_total{namespace="shop"}[5m]))'
)
DEMAND = {
    "metric": "http_requests_total",
    "comparison": ">",
    "threshold": "5%",
    "for": "5m",
    "severity": "critical",
}
RECENTLY = ago(seconds=10)


def rule(
    query: str = f"{ERRORS} > 0.05",
    *,
    name: str = "Errors",
    lasting: float = 300,
    severity: str = "critical",
    health: str = "ok",
    evaluated: datetime | None = RECENTLY,
    alerting: bool = True,
    **labels: str,
) -> Rule:
    return Rule(
        name=name, query=query, alerting=alerting, health=health, lasting=lasting,
        labels={"severity": severity, **labels}, evaluated=evaluated,
    )  # fmt: skip


def prometheus_rule(**groups: list[str]) -> PrometheusRule:
    listed = [
        {"name": name, "rules": [{"alert": alert} for alert in alerts]} for name, alerts in groups.items()
    ]
    return msgspec.convert(
        {"metadata": {"name": "shop", "namespace": "shop"}, "spec": {"groups": listed}}, PrometheusRule
    )


def examined(
    *rules: Rule,
    group: str = "shop.critical",
    objects: Listing[PrometheusRule] | Failure | None = None,
    namespaces: tuple[str, ...] | Failure = ("shop",),
    **limits: Any,
) -> Examination:
    groups = [RuleGroup(name=group, interval=15.0, rules=rules)] if rules else []
    given = {"kubernetes": objects is not None, **limits}
    examine = examination()
    check_rules(Listing(groups, as_of=NOW), objects, namespaces, RuleLimits(**given), examine)
    return examine


@pytest.mark.parametrize(
    "query",
    [
        f"{ERRORS} > 0.05",
        f"100 * ({ERRORS}) > 5",
        f"({ERRORS}) * 100 > 5",
        f"0.05 < {ERRORS}",
        f"min_over_time(({ERRORS})[5m:1m]) > 5 / 100",
        f"({ERRORS} > 0.05) and on () sum(rate(http_requests_total[5m])) > 1",
        f"{ERRORS} # per request\n > 0.050",
    ],
)
def test_the_same_condition_written_in_another_way_is_the_same(query: str) -> None:
    assert examined(rule(query), rules=[DEMAND]).passed == 1


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (rule(f"{ERRORS} > 0.1"), "compares > 0.1, 5 % needed"),
        (rule(f"{ERRORS} > 5"), "compares > 5, 5 % needed"),
        (rule(f"{ERRORS} < 0.05"), "compares < 0.05, > needed"),
        (rule(f"{ERRORS} >= 0.05"), "compares >= 0.05, > needed"),
        (
            rule('rate(http_requests_total{status=~"5.."}[5m]) > 0.05'),
            "a rate per second where a ratio is meant",
        ),
        (rule(f"{ERRORS} > bool 0.05"), "does not compare it with a number"),
        (rule(f"absent({ERRORS})"), "does not compare it with a number"),
        (rule(lasting=600), "waits 10m, at most 5m needed"),
        (rule(severity="warning"), "has severity warning, critical needed"),
        (rule(health="err"), "has health err"),
        (rule(evaluated=ago(seconds=60)), "was evaluated 1m ago, at most 30s needed"),
    ],
)
def test_a_rule_that_falls_short_fails_and_says_how(broken: Rule, why: str) -> None:
    finding = only(examined(broken, rules=[DEMAND]))
    assert finding.outcome is Outcome.FAIL
    assert finding.message == f"the nearest rule, Errors, {finding.message.partition('Errors, ')[2]}"
    assert why in finding.message


def test_no_rule_on_the_metric_fails() -> None:
    finding = only(examined(rule("up == 0"), rules=[DEMAND]))
    assert finding.message == "no alert rule on http_requests_total is loaded"
    assert str(finding.subject) == "rule http_requests_total > 5 % (critical)"


def test_a_recording_rule_alerts_nobody() -> None:
    assert only(examined(rule(alerting=False), rules=[DEMAND])).outcome is Outcome.FAIL


def test_a_shorter_wait_is_fine_and_an_unstated_one_too() -> None:
    assert examined(rule(lasting=60), rules=[DEMAND]).passed == 1
    assert examined(rule(lasting=900), rules=[{"metric": "http_requests_total"}]).passed == 1


def test_a_rule_that_waits_longer_than_anybody_may_take_to_respond_fails() -> None:
    """The right metric and threshold, ten hours late."""
    demanded = [{"metric": "http_requests_total"}]
    finding = only(examined(rule(lasting=36000), rules=demanded))
    assert Outcome.FAIL is finding.outcome
    assert "waits 10h, at most 1h needed" in finding.message
    assert 1 == examined(rule(lasting=36000), rules=demanded, longest="10h").passed
    assert (
        "waits 15m, at most 5m needed"
        in only(examined(rule(lasting=900), rules=demanded, longest="5m")).message
    )


@pytest.mark.parametrize(
    "other",
    [
        rule(ERRORS.replace("shop", "else") + " > 0.05"),
        rule("sum(http_requests_total) > 0.05", namespace="else"),
    ],
)
def test_another_systems_rule_does_not_count(other: Rule) -> None:
    assert only(examined(other, rules=[DEMAND])).outcome is Outcome.FAIL


def test_a_rule_over_all_namespaces_counts() -> None:
    everywhere = ERRORS.replace('namespace="shop",', "").replace('{namespace="shop"}', "")
    assert examined(rule(f"{everywhere} > 0.05"), rules=[DEMAND]).passed == 1
    several = ERRORS.replace('namespace="shop"', 'namespace=~"shop|cart"')
    assert examined(rule(f"{several} > 0.05"), rules=[DEMAND]).passed == 1


def test_an_expression_that_cannot_be_read_is_undecided() -> None:
    assert only(examined(rule("http_requests_total ~~ 5"), rules=[DEMAND])).outcome is Outcome.UNKNOWN


def test_a_rule_that_was_just_loaded_is_undecided() -> None:
    assert only(examined(rule(health="unknown", evaluated=None), rules=[DEMAND])).outcome is Outcome.UNKNOWN
    assert only(examined(rule(health="unknown", evaluated=None))).outcome is Outcome.UNKNOWN


def test_groups_narrow_what_is_looked_at_and_must_be_there() -> None:
    assert examined(rule(), rules=[DEMAND], groups=("shop.*",)).passed == 2
    examine = examined(rule(), rules=[DEMAND], groups=("cart.*",))
    assert [finding.message for finding in examine.findings] == [
        "no group cart.* is loaded",
        "no alert rule on http_requests_total is loaded",
    ]


def test_every_label_must_be_mapped_but_for_the_exempt() -> None:
    severities = {"critical": "SEV-1", "high": "SEV-2"}
    examine = examined(
        rule(), rule(name="Odd", severity="page"), rule("vector(1)", name="Watchdog", severity="none"),
        severities=severities,
    )  # fmt: skip
    assert examine.passed == 1
    assert only(examine).message == "severity page stands for no class of incident"
    assert str(only(examine).subject) == "rule shop.critical/Odd"


def test_without_demands_every_own_group_must_work() -> None:
    assert examined(rule()).passed == 1
    assert only(examined(rule(health="err"))).message == "rule Errors has health err"
    assert examined(rule(ERRORS.replace("shop", "else"), health="err")).nothing_examined


def test_objects_must_be_loaded_with_all_their_alerts() -> None:
    loaded = Listing([prometheus_rule(**{"shop.critical": ["Errors"]})], as_of=NOW)
    assert examined(rule(), objects=loaded).passed == 2
    more = Listing([prometheus_rule(**{"shop.critical": ["Errors", "Down"]})], as_of=NOW)
    assert only(examined(rule(), objects=more)).message == "Prometheus has not loaded its rules Down"
    other = Listing([prometheus_rule(**{"shop.low": ["Slow"]})], as_of=NOW)
    assert only(examined(rule(), objects=other)).message == "Prometheus has not loaded its groups shop.low"


def test_no_object_examines_nothing_and_refused_ones_are_undecided() -> None:
    assert examined(rule(), objects=Listing((), as_of=NOW)).nothing_examined
    assert (
        only(examined(rule(), objects=Failure("Forbidden", "list prometheusrules", "k"))).outcome
        is Outcome.UNKNOWN
    )


@pytest.mark.parametrize("threshold", ["five", "5 apples", True, [5]])
def test_a_threshold_must_be_a_number(threshold: object) -> None:
    with pytest.raises(ValidationError, match="no threshold"):
        RuleLimits(rules=[{**DEMAND, "threshold": threshold}])


def test_thresholds_have_units() -> None:
    latency = {"metric": "latency_seconds", "comparison": ">", "threshold": "500ms"}
    assert examined(rule("latency_seconds > 0.5"), rules=[latency]).passed == 1
    assert examined(rule("latency_seconds * 1000 > 500"), rules=[latency]).passed == 1


def test_groups_of_the_same_name_in_two_files_are_compared_by_their_rules() -> None:
    """A group's name is unique per file only."""
    objects = [prometheus_rule(general=["A", "B"]), prometheus_rule(general=["C"])]
    groups = [
        RuleGroup(name="general", interval=15.0, rules=(rule(name="A"), rule(name="B"))),
        RuleGroup(name="general", interval=15.0, rules=(rule(name="C"),)),
    ]
    for loaded, outcomes in ((groups, []), (groups[1:], [Outcome.FAIL]), (groups[:1], [Outcome.FAIL])):
        examine = examination()
        given = RuleLimits(kubernetes=True)
        check_rules(Listing(loaded, as_of=NOW), Listing(objects, as_of=NOW), ("shop",), given, examine)
        assert outcomes == [finding.outcome for finding in examine.findings]


def test_a_recording_rule_that_is_not_loaded_is_missed() -> None:
    listed = [{"name": "shop.critical", "rules": [{"record": "job:errors:rate5m"}]}]
    raw = {"metadata": {"name": "shop", "namespace": "shop"}, "spec": {"groups": listed}}
    objects = Listing([msgspec.convert(raw, PrometheusRule)], as_of=NOW)
    assert "job:errors:rate5m" in only(examined(rule(), objects=objects)).message
