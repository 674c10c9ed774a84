"""recovery/dr-environment on plain facts: installed whole during a drill, gone after it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.recovery.check_dr_environment import check_dr_environment
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.listing import Listing
from opsproof.sources.kubernetes.facts.helm import ReleaseRecord
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.testing.facts import examined
from tests.checks.cluster import (
    NOW,
    condition,
    deployment,
    job,
    listing,
    meta,
    pod,
    stateful_set,
)

HOUR, DAY = 60.0, 24 * 60.0  # minutes
LABELS = {"app.kubernetes.io/instance": "shop-dr"}
REFUSED = Failure("Forbidden", "the permission to list secrets is missing", "kubernetes:test")


def record(
    status: str, revision: int = 1, *, age: float = HOUR, name: str = "shop-dr", owner: str = "helm"
) -> Any:
    labels = {"owner": owner, "name": name, "status": status, "version": str(revision), "other": "planted"}
    made = {"metadata": meta(f"sh.helm.release.v1.{name}.v{revision}", age=age, labels=labels)}
    return msgspec.convert(made, ReleaseRecord)


def claim(name: str = "data-db-0", *, age: float = HOUR) -> VolumeClaim:
    return msgspec.convert({"metadata": meta(name, age=age)}, VolumeClaim)


def labelled(name: str = "api", *, age: float = HOUR, **more: Any) -> Any:
    return deployment(
        name, metadata=meta(name, generation=2, age=age, labels={**LABELS, "app": name}), **more
    )


def of(*things: Any, pods: Any = None, releases: Any = None, **limits: Any) -> Examination:
    return examined(
        check_dr_environment,
        listing(*things),
        listing() if pods is None else pods,
        releases,
        listing(pod()),
        drill_namespace="shop",
        release="shop-dr",
        **limits,
    )


def left(*things: Any, **more: Any) -> Examination:
    return of(*things, empty=True, **more)


def told(examine: Examination) -> list[str]:
    return [
        f"{'transition' if one.in_transition else one.outcome.value}: {one.subject}: {one.message}"
        for one in examine.findings
    ]


# -- during it -------------------------------------------------------------------------------------------


def test_a_release_whose_workloads_are_whole_passes() -> None:
    found = of(labelled(), releases=listing(record("superseded", 1), record("deployed", 2)))
    assert (2, []) == (found.passed, told(found))


def test_without_the_right_to_names_of_secrets_the_label_tells() -> None:
    """And it is said that the releases were not looked at."""
    found = of(labelled())
    assert (1, [], True) == (found.passed, told(found), any("secret-names" in note for note in found.notes))


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "there is no release shop-dr in shop"),
        ([record("deployed", name="shop")], "there is no release shop-dr in shop"),
        ([record("deployed", owner="somebody")], "there is no release shop-dr in shop"),
        ([record("deployed", 9), record("failed", 10)], "revision 10 is failed"),
        ([record("pending-install", age=20)], "revision 1 is pending-install"),
        ([record("uninstalled")], "revision 1 is uninstalled"),
        ([record("")], "revision 1 is without status"),
    ],
)
def test_the_newest_revision_has_to_be_deployed(records: list[Any], message: str) -> None:
    """The tenth comes after the ninth, and one that hangs is no release."""
    assert [f"fail: release shop/shop-dr: {message}"] == told(of(labelled(), releases=listing(*records)))


def test_helm_at_work_is_in_transition() -> None:
    (finding,) = told(of(labelled(), releases=listing(record("pending-upgrade", 2, age=5))))
    assert finding.startswith("transition: ")


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (labelled(replicas=3, available=2), "2 of 3 pods available"),
        (labelled(replicas=0), "it is scaled to 0"),
    ],
)
def test_workloads_have_to_be_whole(thing: Any, message: str) -> None:
    assert [f"fail: deployment shop/api: {message}"] == told(of(thing))


def test_a_pod_in_trouble_fails() -> None:
    members = listing(pod(ready=False, since=1))
    assert "fail: deployment shop/api: pod api-7d9f8b6c5-x2x4z:" in told(of(labelled(), pods=members))[0]


def test_a_hook_that_failed_fails() -> None:
    failed = [condition("Failed", True, reason="BackoffLimitExceeded")]
    hook = msgspec.structs.replace(
        job("migrate", conditions=failed),
        metadata=msgspec.convert(meta("migrate", labels=LABELS), type(job().metadata)),
    )
    assert ["fail: job shop/migrate: it failed (BackoffLimitExceeded)"] == told(of(labelled(), hook))


def test_workloads_of_something_else_are_no_release() -> None:
    (finding,) = told(of(deployment("other")))
    assert "there is no workload with the label app.kubernetes.io/instance=shop-dr in shop" in finding
    assert finding.startswith("fail: ")


# -- after it --------------------------------------------------------------------------------------------


def test_nothing_left_is_good_only_beside_an_answer_from_the_own_namespace() -> None:
    found = left()
    assert (True, True, []) == (found.nothing_examined, found.control_answered, told(found))
    assert found.proofs == ["1 pod in the system's own namespace answered"]


def test_without_that_answer_nothing_is_proven() -> None:
    nobody = examined(
        check_dr_environment, listing(), listing(), None, listing(), drill_namespace="shop", empty=True
    )
    assert (True, False) == (nobody.nothing_examined, nobody.control_answered)


@pytest.mark.parametrize(
    ("things", "more", "message"),
    [
        ([claim(age=2 * DAY)], {}, "1 thing of a drill left: persistentvolumeclaim/data-db-0"),
        ([stateful_set("db")], {"lasts": "1h"}, "1 thing of a drill left: statefulset/db"),
        ([], {"pods": listing(pod("debug", of=""))}, None),
        (
            [],
            {"releases": listing(record("failed", 3, age=2 * DAY))},
            "1 thing of a drill left: release/shop-dr.v3",
        ),
    ],
)
def test_what_is_left_after_a_day_fails(things: list[Any], more: dict[str, Any], message: str | None) -> None:
    """Claims outlive their StatefulSet, hooks their release; the record of a release may be all that is left."""
    (finding,) = told(left(*things, **{"lasts": "9h", **more}))
    assert finding.startswith("fail: namespace shop: ")
    assert message is None or finding.endswith(message)


def test_a_drill_that_is_under_way_is_in_transition() -> None:
    (finding,) = told(left(labelled(age=HOUR), claim(age=HOUR)))
    assert (
        finding
        == "transition: namespace shop: 2 things of a drill left: deployment/api, persistentvolumeclaim/data-db-0"
    )


def test_the_oldest_thing_tells_since_when() -> None:
    """A pod that was made anew does not make the drill younger."""
    (finding,) = told(left(labelled(age=2 * DAY), claim(age=1)))
    assert finding.startswith("fail: ")


def test_what_an_owner_left_that_is_not_looked_for_is_left() -> None:
    """Pods and claims of an operator's cluster, whose own kind is not listed."""
    data = msgspec.convert({"metadata": meta("db-1", age=2 * DAY, owner="Cluster/db")}, VolumeClaim)
    running = pod("db-1", metadata=meta("db-1", age=2 * DAY, owner="Cluster/db"))
    found = left(data, pods=listing(running))
    assert ["fail: namespace shop: 2 things of a drill left: persistentvolumeclaim/db-1, pod/db-1"] == told(
        found
    )


def test_what_goes_with_its_owner_is_not_counted() -> None:
    (finding,) = told(left(labelled(age=2 * DAY), pods=listing(pod())))
    assert "1 thing of a drill left" in finding


def test_an_empty_namespace_that_is_not_proven_to_be_there_is_undecided() -> None:
    doubtful = Listing(
        [], as_of=NOW, doubts=["nothing seen in namespace shop, and not proven that it exists"]
    )
    found = examined(
        check_dr_environment, doubtful, listing(), None, listing(pod()), drill_namespace="shop", empty=True
    )
    assert ["unknown: namespace shop: nothing seen in namespace shop, and not proven that it exists"] == told(
        found
    )


def test_releases_that_may_not_be_listed_are_undecided() -> None:
    assert [f"unknown: releases shop: {REFUSED.message}"] == told(left(releases=REFUSED))


def test_of_a_secret_only_helms_labels_are_kept() -> None:
    assert b"planted" not in msgspec.json.encode(record("deployed"))
