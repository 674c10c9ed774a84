"""certificates/manager-ready on plain facts: each way in which cert-manager may have stopped renewing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.certificates.check_manager_ready import check_manager_ready
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.listing import Listing
from opsproof.model.moment import Clock
from opsproof.testing.facts import examined
from tests.checks.certificates.issued import DAY, NOW, certificate, challenge, order, served
from tests.checks.cluster import ago, condition, deployment, listing

UNSERVED = Failure("NotFound", "the API server does not serve /apis/cert-manager.io/v1", "kubernetes:x")
REFUSED = Failure("Forbidden", "the permission to list certificates is missing", "kubernetes:x")


def of(
    *certificates: Any, services: Any = None, found: Any = None, controller: Any = None,
    orders: Any = UNSERVED, challenges: Any = UNSERVED, **limits: Any,
) -> Examination:  # fmt: skip
    return examined(
        check_manager_ready,
        served() if services is None else services,
        listing(*certificates) if found is None else found,
        listing(deployment("cert-manager", replicas=1)) if controller is None else controller,
        orders,
        challenges,
        **limits,
    )


def told(examine: Examination) -> list[str]:
    return [
        f"{'transition' if one.in_transition else one.outcome.value}: {one.message}"
        for one in examine.findings
    ]


def test_a_certificate_that_is_renewed_in_time_passes() -> None:
    """And the controller that renews it."""
    found = of(certificate())
    assert (2, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"begins": 91 * DAY, "renews_in": None}, "what was issued expired 2026-03-01 09:00 UTC"),
        ({"begins": 91 * DAY, "renews_in": 5 * DAY}, "what was issued expired 2026-03-01 09:00 UTC"),
        ({"begins": -60}, "what was issued is not valid before 2026-03-02 10:00 UTC"),
        ({"renews_in": -61}, "its renewal was due 1h1m ago"),
        ({"issuing": 61}, "it is being issued for 1h1m"),
        ({"ready": False, "since": 11}, "Ready is False (Ready)"),
        (
            {"failedIssuanceAttempts": 3, "lastFailureTime": ago(60)},
            "its last 3 issuances failed, the newest at",
        ),
        ({"failedIssuanceAttempts": 1}, "its issuance failed"),
        ({"spec": {"renewal": {"policy": "Disabled"}}}, "its renewal is Disabled"),
    ],
)
def test_whatever_keeps_it_from_being_renewed_fails_though_it_is_ready(
    more: dict[str, Any], message: str
) -> None:
    """Ready=True is reported to outlast the certificate, and a dead controller writes nothing at all."""
    (finding,) = told(of(certificate(**more)))
    assert finding.startswith("fail: ")
    assert message in finding


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"renews_in": -59}, "its renewal was due 59m ago"),
        ({"issuing": 59}, "it is being issued for 59m"),
        ({"ready": False, "since": 9}, "Ready is False"),
        ({"ready": False, "since": 30, "issuing": 30}, "Ready is False (Ready); it is being issued for 30m"),
        ({"renews_in": -30, "issuing": 30}, "it is being issued for 30m; its renewal was due 30m ago"),
        ({"ready": None, "begins": 5}, "cert-manager has not said whether it is Ready"),
    ],
)
def test_an_ordinary_renewal_is_in_transition(more: dict[str, Any], message: str) -> None:
    (finding,) = told(of(certificate(**more)))
    assert finding.startswith("transition: ")
    assert message in finding


def test_what_nothing_excuses_is_told_before_what_is_under_way() -> None:
    (finding,) = told(of(certificate(issuing=5, failedIssuanceAttempts=2)))
    assert finding == "fail: its last 2 issuances failed"


def test_what_has_lasted_too_long_is_told_before_what_is_younger() -> None:
    """Whichever of them comes first: a fresh attempt excuses no renewal that is overdue."""
    (finding,) = told(of(certificate(ready=False, since=30, issuing=30, renews_in=-61)))
    assert finding == "fail: its renewal was due 1h1m ago"


@pytest.mark.parametrize(("late", "outcome"), [(2, "transition"), (4, "fail")])
def test_of_a_short_life_only_a_share_is_waited_for(late: float, outcome: str) -> None:
    """Of an hour's certificate three minutes: a whole one would be its end."""
    brief = certificate(begins=42, life=60, renews_in=-late)
    assert told(of(brief))[0].startswith(outcome)


def test_a_certificate_that_was_never_issued_fails_after_an_hour() -> None:
    new = {"notBefore": None, "notAfter": None, "renews_in": None, "revision": None, "issuing": 5}
    young, old = (told(of(certificate(begins=age, ready=False, since=age, **new))) for age in (5, 61))
    assert young[0].startswith("transition: it was never issued")
    assert old[0].startswith("fail: it was never issued")


def test_a_secret_that_was_taken_away_is_told_as_such() -> None:
    gone = certificate(ready=False, since=61, notBefore=None, notAfter=None, renews_in=None)
    assert told(of(gone))[0].startswith("fail: what was issued is gone")


def test_a_status_of_an_older_spec_is_undecided() -> None:
    (finding,) = told(of(certificate(generation=2)))
    assert finding.startswith("unknown: cert-manager has not seen its newest change")


def test_without_a_time_of_renewal_nothing_is_decided() -> None:
    (finding,) = told(of(certificate(renews_in=None)))
    assert finding == "unknown: it does not tell when it will be renewed"


def test_a_clock_that_is_far_off_excuses_nothing() -> None:
    late = certificate(renews_in=-30)
    found = Listing([late], as_of=Clock(NOW, "kubernetes:x", 3600.0))
    assert told(of(found=found))[0].startswith("unknown: its renewal was due")


def test_a_named_certificate_has_to_be_there() -> None:
    found = told(of(certificate(), certificates=("certificate/shop-tls", "certificate/pay-tls")))
    assert ["fail: there is no certificate/pay-tls"] == found


# -- the controller --------------------------------------------------------------------------------------


def fallen(minutes: float) -> Any:
    down = [condition("Available", False, age=minutes)]
    return listing(deployment("cert-manager", replicas=1, available=0, conditions=down))


@pytest.mark.parametrize(
    ("controller", "message"),
    [
        (listing(), "there is no Deployment cert-manager/cert-manager: nothing renews certificates"),
        (listing(deployment("cert-manager", replicas=0)), "it is scaled to 0"),
        (fallen(11), "none of 1 pod is available"),
    ],
)
def test_a_status_that_nobody_writes_any_more_is_no_status(controller: Any, message: str) -> None:
    (finding,) = told(of(certificate(), controller=controller))
    assert finding.startswith("fail: ")
    assert message in finding


def test_a_controller_that_starts_anew_is_in_transition() -> None:
    assert told(of(certificate(), controller=fallen(2)))[0].startswith("transition: ")


def test_a_controller_that_may_not_be_seen_is_undecided() -> None:
    found = of(certificate(), controller=REFUSED)
    assert (1, ["unknown: the permission to list certificates is missing"]) == (found.passed, told(found))


# -- without it ------------------------------------------------------------------------------------------


def test_where_there_is_no_cert_manager_a_row_about_any_does_not_apply() -> None:
    (finding,) = told(of(found=UNSERVED, services=served("v1.apps")))
    assert (
        finding
        == "not_applicable: the API server does not serve v1.cert-manager.io: there is no cert-manager"
    )


def test_where_there_is_none_a_row_that_names_a_certificate_is_undecided() -> None:
    found = told(of(found=UNSERVED, services=served("v1.apps"), certificates=("certificate/shop-tls",)))
    assert ["unknown"] == [one.partition(":")[0] for one in found]


@pytest.mark.parametrize("services", [REFUSED, listing(), served()])
def test_only_a_whole_list_of_what_is_served_proves_that_there_is_none(services: Any) -> None:
    """A namespace that is mistyped answers like a cluster without cert-manager."""
    (finding,) = told(of(found=UNSERVED, services=services))
    assert finding.startswith("unknown: ")


def test_without_certificates_nothing_is_examined() -> None:
    """The controller alone renews nothing: the row says what an empty list means."""
    assert of().nothing_examined


# -- ACME ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["invalid", "errored", "expired"])
def test_the_newest_order_must_not_have_failed(state: str) -> None:
    found = told(of(certificate(), orders=listing(order("valid", age=9 * DAY), order(state, age=60))))
    assert [f"fail: the newest order of shop-tls is {state}: nothing was issued by it"] == found


def test_orders_of_before_the_certificate_do_not_count() -> None:
    """They stay for a while, and what was issued since then answers them."""
    old = order("invalid", age=11 * DAY)
    assert [] == told(of(certificate(), orders=listing(old)))
    assert [] == told(of(certificate(), orders=listing(order("invalid", age=60), order("valid", age=30))))


@pytest.mark.parametrize(("age", "outcome"), [(61, "fail"), (10, "transition")])
def test_a_challenge_that_nobody_passes_fails_after_an_hour(age: float, outcome: str) -> None:
    found = told(
        of(certificate(), orders=listing(order("pending")), challenges=listing(challenge("pending", age=age)))
    )
    assert [f"{outcome}: HTTP-01 challenge for shop.example.com is pending"] == found


def test_a_challenge_of_another_certificate_is_not_this_rows() -> None:
    other = challenge("pending", age=90, owner="Order/pay-tls-1-1")
    assert [] == told(of(certificate(), orders=listing(order("valid")), challenges=listing(other)))


def test_orders_that_may_not_be_listed_are_undecided() -> None:
    assert [f"unknown: {REFUSED.message}"] == told(of(certificate(), orders=REFUSED))


def test_neither_token_nor_key_of_a_challenge_is_kept() -> None:
    assert b"planted" not in msgspec.json.encode(challenge("pending", age=1))
