"""What keeps a pod from being ready, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.kubernetes.reading.readiness import hopeless, ready_share, trouble
from tests.checks.cluster import condition, container, ended, pod, status

REASONS = st.sampled_from(["", "ContainerCreating", "PodInitializing", "CrashLoopBackOff", "ErrImagePull"])


@given(st.lists(st.tuples(st.booleans(), REASONS), min_size=1, max_size=4), st.booleans())
def test_a_pod_is_well_exactly_when_it_and_all_its_containers_are_ready(
    containers: list[tuple[bool, str]], ready: bool
) -> None:
    names = [f"c{index}" for index in range(len(containers))]
    one = pod(
        ready=ready,
        spec={"containers": [container(name) for name in names]},
        containerStatuses=[
            status(name, ready=up, waiting=why) for name, (up, why) in zip(names, containers, strict=True)
        ],
    )
    assert (trouble(one) == "") is (ready and all(up for up, _ in containers))
    assert ready_share(one) == f"{sum(up for up, _ in containers)}/{len(names)} containers ready"


def test_a_readiness_gate_is_named() -> None:
    gated = pod(conditions=[condition("Ready", False), condition("example.com/warm", False, reason="Cold")])
    assert trouble(gated) == "Running but not Ready; example.com/warm is False (Cold)"


@pytest.mark.parametrize(("code", "done"), [(0, True), (1, False)])
def test_an_init_container_is_done_when_it_ended_well(code: int, done: bool) -> None:
    one = pod(
        spec={"initContainers": [container("migrate")]},
        initContainerStatuses=[{"name": "migrate", "state": ended("Completed", code, 5)}],
    )
    assert (trouble(one) == "") is done


def test_creating_is_hopeful() -> None:
    assert not hopeless(pod(containerStatuses=[status(waiting="ContainerCreating")]))
    assert hopeless(pod(containerStatuses=[status(waiting="ImagePullBackOff")]))
    assert hopeless(pod(initContainerStatuses=[status("migrate", waiting="CrashLoopBackOff")]))
