"""What stands behind a Service."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.kubernetes.reading.endpoints import Backing, Backings
from tests.checks.cluster import SHOP, endpoint, endpoint_slice, listing, meta, pod, service

STATES = st.lists(
    st.tuples(st.sampled_from([True, False, None]), st.sampled_from([True, False, None])), max_size=6
)


@given(STATES, st.integers(1, 3))
def test_ready_endpoints_are_those_not_unready_and_not_terminating(
    states: list[tuple[bool | None, bool | None]], copies: int
) -> None:
    """However many slices repeat them."""
    endpoints = [
        endpoint(f"pod-{index}", ready=ready, terminating=going)
        for index, (ready, going) in enumerate(states)
    ]
    behind = Backing(service(), tuple(endpoint_slice(*endpoints) for _ in range(copies)), ())
    assert behind.least() == sum(ready is not False and going is not True for ready, going in states)


def test_only_the_services_own_slices_and_pods_of_its_namespace() -> None:
    elsewhere = pod("api-9", metadata=meta("api-9", namespace="other", labels={"app": "api"}))
    found = Backings(
        listing(endpoint_slice(endpoint("api-1")), endpoint_slice(endpoint("web-1"), of="web")),
        listing(pod("api-1"), pod("web-1", of="web"), pod("old", phase="Failed"), elsewhere),
    ).of(service())
    assert [one.service for one in found.slices] == ["api"]
    assert [(one.namespace, one.name) for one in found.pods] == [(SHOP, "api-1")]


def test_every_label_of_the_selector_counts() -> None:
    narrow = service(selector={"app": "api", "tier": "canary"})
    assert not Backings(listing(), listing(pod("api-1"))).of(narrow).pods
