"""VeleroIn and ClaimsIn: what a row asks of a cluster, and what it gets of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_integrity import IntegrityLimits
from opsproof.examine.velero import ClaimsIn, Vault, VeleroIn
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.target import Target
from opsproof.sources.kubernetes.asks import ListOf, ObjectNamed
from opsproof.testing.facts import answer
from tests.checks.backup.vaults import backup, claim
from tests.checks.contexts import Row

REFUSED = Failure("Forbidden", "the permission is missing", "kubernetes:x")


class Elsewhere(Row):
    """An environment without a cluster."""

    def target(self, kind: str) -> Target:
        raise NotConfigured(f"targets.{kind} is not set")


def row(**limits: Any) -> Row:
    return Row(limits=IntegrityLimits.model_validate({"velero": ["shop"], "volumes": True, **limits}))


def told(found: dict[str, Any], source: Any = None, **limits: Any) -> Any:
    """What is assembled of answers by resource; the namespace itself is there, where nothing else is said."""
    context, source = row(**limits), source or VeleroIn("backups", "schedules")
    answers = []
    for ask in source.asks(context):
        given = found.get(getattr(ask, "resource", ""), [object()] if isinstance(ask, ObjectNamed) else [])
        failed = given if isinstance(given, Failure) else None
        answers.append(answer(ask, None if failed else given, failed))
    return source.assemble(answers, context)


def test_velero_is_asked_in_its_own_namespace() -> None:
    place: list[Ask] = list(VeleroIn("backups", "volumes").asks(row(velero_in="oadp")))
    lists = [one for one in place if isinstance(one, ListOf)]
    assert {("backups.velero.io", "oadp"), ("podvolumebackups", "oadp"), ("datauploads", "oadp")} == {
        (one.resource, one.namespace) for one in lists
    }
    assert ["oadp"] == [one.name for one in place if isinstance(one, ObjectNamed)]


def test_claims_are_asked_in_the_namespaces_of_the_row() -> None:
    asks = ClaimsIn("volumes").asks(row(velero=["shop", "billing", "shop"]))
    assert ["shop", "billing"] == [one.namespace for one in asks if isinstance(one, ListOf)]


@pytest.mark.parametrize(
    "source", [VeleroIn("backups"), VeleroIn("volumes", when="volumes"), ClaimsIn("volumes")]
)
def test_another_way_decides_where_no_cluster_is_or_nothing_is_named(source: Any) -> None:
    for context in (Elsewhere(limits=row().limits), row(velero=[])):
        assert () == source.asks(context)
        assert source.assemble([], context) is None


def test_nothing_is_asked_that_the_row_does_not_want_to_know() -> None:
    assert () == VeleroIn("volumes", when="volumes").asks(row(volumes=False))


def test_what_is_there_is_a_vault() -> None:
    (found,) = told({"backups.velero.io": [backup()]})
    assert isinstance(found, Vault)
    assert (["nightly-7"], 0) == ([one.name for one in found.backups], len(found.schedules))


@pytest.mark.parametrize("resource", ["backups.velero.io", "schedules.velero.io"])
def test_a_part_that_is_refused_leaves_the_whole_undecided(resource: str) -> None:
    assert (REFUSED,) == told({"backups.velero.io": [backup()], resource: REFUSED})


def test_one_of_two_kinds_of_volumes_is_not_all_of_them() -> None:
    """What is not seen may be what failed."""
    assert (REFUSED,) == told({"datauploads": REFUSED}, VeleroIn("volumes", when="volumes"))


def test_a_namespace_of_velero_that_is_not_there_is_no_empty_one() -> None:
    (found,) = told({"namespaces": []})
    assert isinstance(found, Failure) and found.message == "there is no namespace velero"


def test_claims_that_are_refused_are_a_failure() -> None:
    assert REFUSED == told({"persistentvolumeclaims": REFUSED}, ClaimsIn("volumes"))
    (one,) = told({"persistentvolumeclaims": [claim()]}, ClaimsIn("volumes"))
    assert "data" == one.name
