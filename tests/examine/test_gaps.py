"""Scopes that did not answer: each cause is one finding, and nothing is concluded from what was refused."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from opsproof import Clock, Examination, Listing
from opsproof.model.argument import Answer, listing
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Forbidden, TimedOut
from opsproof.model.outcome import Outcome
from opsproof.model.scope import WHOLE, Scope, in_namespace
from tests.examine.test_decide import decided

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
PODS = Failure("Forbidden", "the permission to list pods is missing", "k", in_namespace("shop"))
JOBS = Failure("Forbidden", "the permission to list jobs is missing", "k", in_namespace("shop"))
BUCKET = Failure("TimedOut", "no answer in 30s", "s3", Scope("bucket", "backups"))


class Objects(Ask, frozen=True, kw_only=True, tag="test/objects"):
    where: str = ""


class Object:
    def __init__(self, namespace: str) -> None:
        self.namespace = namespace


def answer(where: str, facts: Any, failure: Failure | None = None, *gaps: Failure) -> Answer[Any]:
    return Answer(Objects(target="k", where=where), facts, failure, Clock(NOW), gaps)


def scope_of(ask: Ask) -> Scope:
    return in_namespace(ask.where) if isinstance(ask, Objects) else WHOLE


def test_a_scope_reads_as_people_write_it() -> None:
    """Kind and name; the whole has none."""
    assert ["namespace/shop", "bucket/backups", ""] == [str(one) for one in (PODS.scope, BUCKET.scope, WHOLE)]
    assert [True, False] == [bool(in_namespace("shop")), bool(in_namespace(""))]


def test_a_second_refusal_in_one_namespace_stays_beside_the_first() -> None:
    """One says that pods are not seen, the other that jobs are not: two permissions to give."""
    found = decided(lambda things, examine: None, Listing([], as_of=NOW, gaps=[PODS, JOBS, PODS]))

    told = [(str(one.subject), one.message) for one in found.findings]
    assert [("namespace shop", PODS.message), ("namespace shop", JOBS.message)] == sorted(told, reverse=True)
    assert 2 == len({one.fingerprint for one in found.findings})


def test_each_kind_of_scope_is_named() -> None:
    """A bucket is no namespace; a gap over everything says so."""
    whole = Failure("Forbidden", "nothing is allowed", "k")

    found = decided(lambda things, examine: None, Listing([], as_of=NOW, gaps=[BUCKET, whole]))

    assert {"bucket backups", "scope all"} == {str(one.subject) for one in found.findings}
    assert {Outcome.UNKNOWN} == {one.outcome for one in found.findings}


def test_only_lookups_in_a_lacking_scope_are_undecided() -> None:
    """What lies elsewhere is known."""
    found = Listing([Object("shop"), Object("jobs")], as_of=NOW, gaps=[JOBS, BUCKET])

    assert (JOBS, None) == (found.lacks(in_namespace("shop")), found.lacks(in_namespace("jobs")))
    assert ["jobs"] == [one.namespace for one in found.within("jobs")]
    with pytest.raises(Forbidden, match="list jobs"):
        found.within("shop")


def test_a_gap_over_the_whole_is_one_everywhere() -> None:
    """Of a cluster that refuses the list nothing is absent."""
    found: Listing[Object] = Listing([], as_of=NOW, gaps=[Failure("TimedOut", "late", "k")])

    with pytest.raises(TimedOut):
        found.within("shop")


def test_a_partly_refused_ask_gives_what_it_has_and_what_it_lacks() -> None:
    """Its own scopes stand; a gap without one is that of its ask."""
    bare = Failure("Forbidden", "the permission to list secrets is missing", "k")
    answers = [answer("shop", [Object("shop")], None, BUCKET, bare), answer("jobs", None, PODS)]

    found = listing(answers, scope_of)

    assert (1, [BUCKET.scope, in_namespace("shop"), PODS.scope]) == (
        len(found),
        [gap.scope for gap in found.gaps],
    )


def test_what_does_not_look_at_gaps_gets_no_part_for_the_whole() -> None:
    """A source that takes the plain value of a partly refused ask is undecided."""
    part = answer("shop", ["a"], None, BUCKET)

    assert ["a"] == part.seen()
    with pytest.raises(TimedOut):
        part.value()


def test_a_check_may_decide_the_scopes_that_answered() -> None:
    """The others are UNKNOWN beside it, and hide no failure."""

    def body(things: Any, examine: Examination) -> None:
        for one in things:
            with examine(one.namespace):
                raise AssertionError("down")

    found = decided(body, Listing([Object("jobs")], as_of=NOW, gaps=[PODS]))

    assert [Outcome.UNKNOWN, Outcome.FAIL] == [one.outcome for one in found.findings]
