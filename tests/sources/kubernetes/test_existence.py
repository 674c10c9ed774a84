"""Whether an empty namespace is one: a list alone does not say."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, get_args

import pytest

from opsproof.model.argument import Answer
from opsproof.model.failure import Failure, NotFound, TimedOut
from opsproof.model.listing import Listing
from opsproof.model.moment import Clock
from opsproof.sources.kubernetes.asks import ListOf, ObjectNamed, Pods
from opsproof.sources.kubernetes.facts.cluster import Namespace
from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.pods import Pod

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
REFUSED = Failure("Forbidden", "the permission to get namespaces pay is missing", "kubernetes:prod")


def pods(namespace: str, *names: str, failure: Failure | None = None) -> Answer[Any]:
    found = [Pod(metadata=Meta(name=name, namespace=namespace)) for name in names]
    ask = ListOf(target="t", resource="pods", namespace=namespace)
    return Answer(ask, None if failure else found, failure, Clock(NOW))


def proof(namespace: str, *, there: bool = True, failure: Failure | None = None) -> Answer[Any]:
    found = [Namespace(metadata=Meta(name=namespace))] if there else []
    ask = ObjectNamed(target="t", resource="namespaces", name=namespace)
    return Answer(ask, None if failure else found, failure, Clock(NOW))


def assembled(*answers: Answer[Any]) -> Listing[Pod]:
    found: Listing[Pod] = get_args(Pods)[1].assemble(answers, None)
    return found


def test_a_namespace_that_does_not_exist_is_a_gap_by_its_name() -> None:
    """The API answers 200 and an empty list for it."""
    found = assembled(pods("shop", "api"), pods("pay"), proof("shop"), proof("pay", there=False))
    assert [gap.message for gap in found.gaps] == ["there is no namespace pay"]
    assert [pod.name for pod in found.within("shop")] == ["api"]
    with pytest.raises(NotFound, match="there is no namespace pay"):
        found.within("pay")


def test_when_none_exists_nothing_is_known() -> None:
    with pytest.raises(NotFound, match="there is no namespace pay"):
        assembled(pods("pay"), proof("pay", there=False))


def test_an_empty_namespace_that_exists_is_empty() -> None:
    found = assembled(pods("pay"), proof("pay"))
    assert (found.within("pay"), found.gaps, found.doubts) == ((), (), ())


def test_what_is_in_a_namespace_proves_it() -> None:
    """It may have been deleted since, or nobody may look."""
    found = assembled(pods("pay", "api"), proof("pay", failure=REFUSED))
    assert (len(found), found.gaps, found.doubts) == (1, (), ())
    assert not assembled(pods("pay", "api"), proof("pay", there=False)).gaps


def test_a_refused_proof_is_a_doubt() -> None:
    found = assembled(pods("pay"), proof("pay", failure=REFUSED))
    assert found.gaps == ()
    assert found.doubts == (
        "nothing seen in namespace pay, and not proven that it exists: "
        "the permission to get namespaces pay is missing",
    )


def test_a_proof_that_did_not_come_is_a_gap() -> None:
    late = Failure("TimedOut", "no answer in 5 s", "kubernetes:prod")
    found = assembled(pods("shop", "api"), pods("pay"), proof("shop"), proof("pay", failure=late))
    with pytest.raises(TimedOut):
        found.within("pay")


def test_a_refused_list_stays_refused() -> None:
    found = assembled(
        pods("shop", "api"), pods("pay", failure=REFUSED), proof("shop"), proof("pay", there=False)
    )
    assert [gap.kind for gap in found.gaps] == ["Forbidden"]


def test_the_listing_says_where_it_looked() -> None:
    found = assembled(pods("shop", "api"), pods("pay"), proof("shop"), proof("pay"))
    assert found.looked == ("namespace shop", "namespace pay")
    assert found.only(lambda pod: False).looked == found.looked
