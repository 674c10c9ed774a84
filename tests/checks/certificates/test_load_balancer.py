"""certificates/load-balancer: listeners, versions of TLS, and the health of targets."""

from __future__ import annotations

from typing import Any

import pytest

from checks.certificates.check_load_balancer import check_load_balancer
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.moment import Clock
from opsproof.sources.aws.facts.balancers import Listener, LoadBalancer, TargetGroup, TargetHealth
from opsproof.testing.facts import NOW, ago, examined

HTTPS = Listener(
    port=443, protocol="HTTPS", policy="modern", protocols=("TLSv1.2", "TLSv1.3"), action="forward"
)
NOT_KNOWN = "which versions its policy modern allows is not known"
HTTP = Listener(port=80, protocol="HTTP", action="redirect", to="HTTPS")


def targets(*states: str, reason: str = "Target.Timeout") -> TargetGroup:
    found = (
        TargetHealth(name=f"10.0.0.{number}:80", state=state, reason=reason)
        for number, state in enumerate(states)
    )
    return TargetGroup(name="web", targets=tuple(found))


def balancer(*listeners: Listener, **more: Any) -> LoadBalancer:
    healthy = {
        "name": "shop", "state": "active", "listeners": listeners or (HTTPS, HTTP),
        "groups": (targets("healthy", "healthy"),), "clock": Clock(NOW, "aws:test", 0.0),
    }  # fmt: skip
    return LoadBalancer(**{**healthy, **more})


def of(found: Any, **limits: Any) -> Examination:
    return examined(check_load_balancer, (found,), load_balancers=("shop",), **limits)


def told(examine: Examination) -> list[str]:
    return [
        f"{'transition' if one.in_transition else one.outcome.value}: {one.subject}: {one.message}"
        for one in examine.findings
    ]


def test_tls_by_a_current_version_before_healthy_targets_passes() -> None:
    assert (7, []) == (of(balancer()).passed, told(of(balancer())))


@pytest.mark.parametrize(
    ("protocols", "tls", "finding"),
    [
        (
            ("TLSv1.1", "TLSv1.2"),
            "TLSv1.2",
            "fail: listener shop/HTTPS:443: its policy modern allows TLSv1.1",
        ),
        (
            ("TLSv1", "TLSv1.1", "TLSv1.2"),
            "TLSv1.2",
            "fail: listener shop/HTTPS:443: its policy modern allows TLSv1",
        ),
        (
            ("TLSv1.2", "TLSv1.3"),
            "TLSv1.3",
            "fail: listener shop/HTTPS:443: its policy modern allows TLSv1.2",
        ),
        (
            ("TLSv9",),
            "TLSv1.2",
            "unknown: listener shop/HTTPS:443: which versions its policy modern allows is not known: TLSv9",
        ),
        (
            None,
            "TLSv1.2",
            "unknown: listener shop/HTTPS:443: which versions its policy modern allows is not known: nothing is told",
        ),
    ],
)
def test_the_oldest_version_that_a_policy_allows_decides(protocols: Any, tls: str, finding: str) -> None:
    one = Listener(port=443, protocol="HTTPS", policy="modern", protocols=protocols, action="forward")
    assert [finding] == told(of(balancer(one), tls=tls))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"action": "forward"}, "it does forward with what comes in the clear"),
        ({"action": "redirect", "to": "#{protocol}"}, "it redirects to #{protocol}"),
        ({"action": "redirect", "to": "HTTP"}, "it redirects to HTTP"),
        ({}, "it does nothing with what comes in the clear"),
    ],
)
def test_what_comes_in_the_clear_has_to_be_redirected(more: dict[str, str], message: str) -> None:
    found = told(of(balancer(HTTPS, Listener(port=80, protocol="HTTP", **more))))
    assert [f"fail: listener shop/HTTP:80: {message}"] == found


def test_an_answer_of_its_own_and_other_protocols_are_not_looked_at() -> None:
    others = (Listener(port=80, protocol="HTTP", action="fixed-response"), Listener(port=53, protocol="UDP"))
    found = of(balancer(HTTPS, *others))
    assert ([], 2) == (told(found), sum(one.count for one in found.excluded))


def test_a_load_balancer_without_tls_fails() -> None:
    assert ["fail: listeners shop: no listener ends TLS"] == told(of(balancer(HTTP)))


def test_each_target_has_to_be_healthy() -> None:
    found = told(of(balancer(groups=(targets("healthy", "unhealthy"),))))
    assert ["fail: target web/10.0.0.1:80: it is unhealthy: Target.Timeout"] == found


def test_targets_that_come_and_go_are_ordinary() -> None:
    found = of(balancer(groups=(targets("healthy", "initial", "draining"),)))
    assert ([], 2) == (told(found), sum(one.count for one in found.excluded))


def test_a_group_of_which_none_is_healthy_yet_fails() -> None:
    """Nobody answers, whatever the reason."""
    found = told(of(balancer(groups=(targets("initial", "draining"),))))
    assert ["fail: target group shop/web: no target is healthy"] == found


def test_health_that_nobody_checks_is_undecided() -> None:
    found = told(
        of(balancer(groups=(targets("healthy", "unavailable", reason="Target.HealthCheckDisabled"),)))
    )
    assert ["unknown: target web/10.0.0.1:80: its health is unavailable: Target.HealthCheckDisabled"] == found


def test_nothing_behind_it_fails() -> None:
    assert ["fail: target groups shop: no group of targets is behind it"] == told(of(balancer(groups=())))
    assert ["fail: target group shop/web: no target is registered"] == told(of(balancer(groups=(targets(),))))


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"state": "failed"}, "fail: load balancer shop: its state is failed"),
        ({"state": "active_impaired"}, "fail: load balancer shop: its state is active_impaired"),
        ({"state": ""}, "unknown: load balancer shop: the API does not tell its state"),
        (
            {"state": "provisioning", "created": ago(minutes=5)},
            "transition: load balancer shop: its state is provisioning",
        ),
        (
            {"state": "provisioning", "created": ago(hours=1)},
            "fail: load balancer shop: its state is provisioning",
        ),
        ({"found": False}, "fail: load balancer shop: there is no load balancer shop in the region"),
    ],
)
def test_its_state(more: dict[str, Any], finding: str) -> None:
    assert [finding] == told(of(balancer(**more)))


def test_what_may_not_be_seen_is_undecided_and_the_rest_decides() -> None:
    hidden = balancer(
        HTTP, groups=None, unseen=("the right elasticloadbalancing:DescribeTargetHealth is missing",)
    )
    assert [
        "unknown: load balancer shop: the right elasticloadbalancing:DescribeTargetHealth is missing",
        "fail: listeners shop: no listener ends TLS",
    ] == told(of(hidden))


def test_what_is_refused_is_undecided() -> None:
    missing = Failure(
        "Forbidden", "the right elasticloadbalancing:DescribeLoadBalancers is missing", "aws:test"
    )
    (finding,) = told(of(missing))
    assert finding.startswith("unknown: source load balancers: ")
