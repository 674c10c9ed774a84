"""What a real cert-manager writes, read as opsproof's user: no Secret is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from opsproof.model.failure import Forbidden
from opsproof.model.listing import Listing
from opsproof.model.moment import Clock
from opsproof.model.units import Duration, Percent
from opsproof.sources.kubernetes.asks import ListOf
from opsproof.sources.kubernetes.collector import KubernetesCollector
from opsproof.sources.kubernetes.facts.certmanager import IssuedCertificate
from opsproof.sources.kubernetes.reading.issuance import Patience, doubt, faults, issued, leaf_of
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import kubernetes_access as access
from tests.testbed.kubernetes_api import admin
from tests.testbed.services import cert_manager

pytestmark = pytest.mark.usefixtures("testbed")
SHOP = "smartcloudops"
USUAL = Patience(Duration(3600), Duration(3600), Duration(600), Percent(0.05))


@pytest.fixture
def lists() -> Iterator[Any]:
    """What opsproof's user is told of one resource."""
    target = target_of("kubernetes", kubeconfig=str(access.credentials() / "opsproof.kubeconfig"))
    collector = KubernetesCollector(target)

    def asked(resource: str) -> list[Any]:
        ask = ListOf(target=target.id, resource=resource, namespace=SHOP)
        found: list[Any] = collector.collect(ask, RecordingLink(target))
        return found

    yield asked
    collector.close()


def test_a_certificate_that_was_issued_is_well(lists: Any) -> None:
    """By its own status, which tells its life, its renewal and its revision."""
    (one,) = lists("certificates")
    known: Listing[IssuedCertificate] = Listing([one], as_of=Clock(one.status.not_before))
    assert ([], "") == (list(faults(one, known, USUAL, 0)), doubt(one))
    assert "90d" == str(one.lifetime)
    assert one.status.revision is not None and one.renews_itself


def test_the_request_has_what_the_secret_has(lists: Any) -> None:
    """The same serial, and nothing of the key."""
    (one,) = lists("certificates")
    requests = lists("certificaterequests")
    leaf = leaf_of(issued(one, requests)[-1])
    assert cert_manager.serial(admin()) == leaf.serial
    assert (one.status.not_before, one.status.not_after) == (leaf.not_before, leaf.not_after)
    assert b"PRIVATE" not in msgspec.json.encode(requests)


def test_orders_and_challenges_are_served_and_there_are_none(lists: Any) -> None:
    assert ([], []) == (lists("orders"), lists("challenges"))


def test_nobody_needs_the_right_to_secrets(lists: Any) -> None:
    with pytest.raises(Forbidden, match="list secrets in namespace smartcloudops"):
        lists("secrets")
