"""`opsproof rights --check` by a real API server's own answer (SelfSubjectAccessReview)."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from opsproof.cli.files import planned
from opsproof.cli.rights import Checked, Wanted, checked, wanted
from opsproof.cli.selection import selected
from opsproof.environment.references import Files
from opsproof.model.failure import Forbidden
from opsproof.model.rights import Need
from opsproof.model.target import Target
from opsproof.sources.kubernetes.asks import ListOf
from opsproof.sources.kubernetes.collector import KubernetesCollector
from opsproof.testing.links import RecordingLink
from tests.testbed import kubernetes_access as access

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("testbed")


def of(system: str, user: str) -> Wanted:
    """What the daily checks of a system need of the cluster, asked as this user."""
    plan = planned(ROOT / "checks", (f"{system}/testbed",), secrets=False)
    (one,) = (one for one in wanted(selected(plan, "daily"), plan.targets) if one.target.kind == "kubernetes")
    return Wanted(as_user(one.target, user), one.rights, one.needs)


def as_user(target: Target, user: str) -> Target:
    kubeconfig = Files(file=str(access.credentials() / f"{user}.kubeconfig"))
    return replace(target, settings=target.settings.model_copy(update={"kubeconfig": kubeconfig}))


def found(system: str, user: str) -> Checked:
    made = checked(of(system, user))
    assert made.failure == ""
    assert {request.method for request in made.requests} == {"POST"}
    assert {request.path for request in made.requests} == {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    }
    return made


@pytest.mark.parametrize("system", ["repo-scanner", "opsforge", "accelerapp"])
def test_the_printed_roles_are_enough(system: str) -> None:
    assert found(system, "opsproof").missing == ()


def test_the_one_right_that_is_missing_is_named() -> None:
    """No pods in one namespace: what is said is what a list of them then meets."""
    pods = {Need("list", "pods", "opsforge"), Need("list", "pods.metrics.k8s.io", "opsforge")}
    missing = set(found("opsforge", "partial").missing)
    assert Need("list", "pods", "opsforge") in missing
    assert missing <= pods
    target = of("opsforge", "partial").target
    with pytest.raises(Forbidden, match="list pods in namespace opsforge"):
        KubernetesCollector(target).collect(
            ListOf(target=target.id, resource="pods", namespace="opsforge"), RecordingLink(target)
        )


def test_a_namespace_that_is_closed_is_told_right_by_right() -> None:
    needs = of("accelerapp", "partial").needs
    within = {need for need in needs if need.scope == access.PARTIAL_LACKS_NAMESPACE}
    assert within
    assert set(found("accelerapp", "partial").missing) == within


def test_who_may_do_nothing_lacks_all_but_what_everybody_may() -> None:
    needs = of("repo-scanner", "stranger").needs
    everybody = {need for need in needs if need.on.startswith("/")}
    assert set(found("repo-scanner", "stranger").missing) == {*needs} - everybody
