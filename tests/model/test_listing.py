"""What a listing lacks: absence is never concluded from a refusal."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec
import pytest

from opsproof.model.failure import Failure, Forbidden
from opsproof.model.listing import Listing
from opsproof.model.scope import Scope

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)


class Thing(msgspec.Struct, frozen=True):
    namespace: str


def test_what_was_refused_over_the_whole_cluster_is_refused_in_each_namespace() -> None:
    listing = Listing([Thing("shop")], as_of=NOW, gaps=[Failure("Forbidden", "list things", "kubernetes:x")])
    with pytest.raises(Forbidden):
        listing.within("shop")


def test_a_namespace_that_answered_is_told_beside_one_that_did_not() -> None:
    gap = Failure("Forbidden", "list things", "kubernetes:x", Scope("namespace", "stall"))
    listing = Listing([Thing("shop")], as_of=NOW, gaps=[gap])
    assert (Thing("shop"),) == listing.within("shop")
    with pytest.raises(Forbidden):
        listing.within("stall")
