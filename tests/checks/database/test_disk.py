"""database/disk on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.database.check_disk import DatabaseDiskLimits, check_disk
from opsproof import CRITICAL, Examination
from opsproof.examine.volumes import Volumes
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from tests.checks.measured import examination, instant, only
from tests.checks.volumes import NEVER, NO_CLUSTER, Gi, claim, of_claims, user, volumes


def examined(given: Volumes, *claims: str, **limits: Any) -> Examination:
    examine = examination()
    check_disk(
        given, DatabaseDiskLimits(claims=claims or ("data*",), **{"highest": "85%", **limits}), examine
    )
    return examine


def test_a_volume_with_room_is_compliant() -> None:
    """Its bytes and its inodes."""
    assert examined(volumes({"data": 1.5})).passed == 2


def test_a_volume_that_is_nearly_full_fails() -> None:
    finding = only(examined(volumes({"data": 1.0, "logs": 0.1})))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "persistentvolumeclaim shop/data")
    assert (finding.measured.text, finding.limit.text) == ("90 %", "at most 85 %")


def test_a_step_gives_its_level() -> None:
    steps = {"high": "85%", "critical": "95%"}
    assert only(examined(volumes({"data": 0.1}), highest=steps)).level is CRITICAL


def test_inodes_that_are_used_up_fail_however_many_bytes_are_free() -> None:
    finding = only(examined(volumes({"data": 9.0}, inodes_used=of_claims({"data": 990}))))
    assert finding.message == "99 % of its inodes used; needed: at most 85 %"
    assert finding.subject.stable != "persistentvolumeclaim/shop/data"


def test_a_file_system_without_a_fixed_number_of_inodes_is_set_aside() -> None:
    examine = examined(volumes({"data": 9.0}, inodes=of_claims({"data": 0})))
    assert examine.passed == 1
    assert examine.excluded[0].why == "no fixed number of inodes is told of it"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (volumes({"data": 9.0}, inodes=of_claims({})), "Prometheus has no inodes of volumes now"),
        (volumes({"data": 9.0}, inodes_used=of_claims({})), "how many inodes are used is not told"),
        (volumes({"data": 9.0}, whole={}), "its capacity is not told"),
        (volumes({"data": 9.0}, whole={"data": 0}), "its capacity is not told"),
        (volumes({"data": "NaN"}), "Prometheus answers NaN, which is no number to compare"),
    ],
)
def test_what_is_not_told_is_undecided(given: Volumes, why: str) -> None:
    finding = only(examined(given))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, why)


def test_inodes_that_the_environment_does_not_measure_are_noted() -> None:
    unset = Failure("NotConfigured", "metrics.volume_inodes is not set")
    examine = examined(volumes({"data": 9.0}, inodes=unset))
    assert examine.passed == 1
    assert "volume_inodes" in examine.notes[0]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "no kubelet tells how full it is, though db-0 mounts it"),
        ({"matched": NEVER}, "*db-0 mounts it: no series match free"),
        ({"pods": []}, "no running pod mounts it, and kubelets measure what is mounted"),
        ({"pods": [user(phase="Succeeded")]}, "no running pod mounts it"),
        ({"pods": [user(age=1)]}, "mounted for less than 5m: not measured yet"),
        ({"claims": [claim(phase="Pending")]}, "not bound: it has no volume yet"),
        ({"claims": [claim(mode="Block")]}, "a raw block device: it has no file system"),
        ({"claims": []}, "no claim is named so"),
        (
            {"pods": Failure("Forbidden", "the permission to list pods is missing")},
            "the permission to list pods",
        ),
    ],
)
def test_a_claim_that_the_row_names_and_nobody_measures_is_undecided(more: dict[str, Any], why: str) -> None:
    given = {"claims": [claim()], "pods": [user()], **more}
    finding = only(examined(volumes({}, **given)))
    assert finding.outcome is Outcome.UNKNOWN
    assert why.strip("*") in finding.message


def test_other_claims_are_not_looked_at() -> None:
    examine = examined(volumes({"data": 5.0}, claims=[claim(), claim("cache")], pods=[user("cache")]))
    assert (examine.passed, len(examine.findings), examine.excluded) == (2, 0, ())


def test_a_cluster_that_does_not_answer_leaves_what_is_missing_undecided() -> None:
    refused = Failure("Unreachable", "connection refused", "kubernetes:x")
    finding = only(examined(volumes({"data": 5.0}, claims=refused)))
    assert (str(finding.subject), finding.message) == ("source claims", "connection refused")


def test_without_a_cluster_what_is_measured_is_judged_and_that_is_said() -> None:
    examine = examined(volumes({"data": 5.0}, claims=NO_CLUSTER))
    assert examine.passed == 2
    assert examine.notes == ["no cluster is configured: a claim that nobody measures is not missed"]


def test_without_a_cluster_each_name_of_the_row_has_to_be_measured() -> None:
    finding = only(examined(volumes({"data": 5.0}, claims=NO_CLUSTER), "data", "logs"))
    assert (str(finding.subject), finding.message) == (
        "persistentvolumeclaim logs", "no volume of that name is measured",
    )  # fmt: skip


def test_without_a_cluster_and_numbers_nothing_is_decided() -> None:
    finding = only(examined(volumes({}, claims=NO_CLUSTER, matched=NEVER)))
    assert finding.message.startswith("no volume is measured now: no series match free")


def test_a_prometheus_that_does_not_answer_is_one_finding() -> None:
    refused = Failure("Unreachable", "connection refused", "prometheus:x")
    finding = only(examined(volumes({"data": 5.0}, available=refused)))
    assert (str(finding.subject), finding.message) == ("source volumes", "connection refused")


def test_a_metric_without_the_label_is_undecided() -> None:
    finding = only(examined(volumes({}, available=instant(Gi))))
    assert "no `persistentvolumeclaim` label" in finding.message
