"""database/index-health on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.database.check_index_health import IndexLimits, check_index_health
from opsproof import Examination
from opsproof.sources.postgres.indexes import Build, Index, Indexes
from tests.checks.database.told import AS, ago, examined, outcomes, told

INDEXES = Indexes(**AS, total=5, since=ago(days=90))
BY_TIME = "by_time ON items (timestamp DESC)"


def index(name: str = "by_time", **more: Any) -> Index:
    sound = {
        "valid": True,
        "ready": True,
        "live": True,
        "scans": 9,
        "size": 2**20,
        "columns": ('"timestamp" DESC',),
    }
    return Index(schema="public", table="items", name=name, **{**sound, **more})


def decided(limits: dict[str, Any] | None = None, **facts: Any) -> Examination:
    given = msgspec.structs.replace(INDEXES, **facts)
    return examined(check_index_health, given, limits=IndexLimits(**(limits or {})))


def named(*found: Index, wanted: str = BY_TIME, **more: Any) -> Examination:
    limits = {"indexes": (wanted,), **({"used": True} if more.pop("used", False) else {})}
    return decided(limits, named=found, **more)


def test_sound_indexes_pass_as_one_and_none_at_all_is_no_answer() -> None:
    assert decided().passed == 1
    assert decided(total=0).nothing_examined


def test_an_index_that_is_not_valid_fails() -> None:
    (found,) = told(decided(unsound=(index(valid=False),)))
    said = "on items, not valid: what made it did not come to its end; REINDEX it, or drop it"
    assert found == ("fail", "index public/by_time", said)


def test_an_index_that_is_being_built_is_under_way_for_a_day() -> None:
    assert outcomes(decided(unsound=(index(valid=False, building=ago(hours=3)),))) == ["transition"]
    assert outcomes(decided(unsound=(index(valid=False, building=ago(hours=30)),))) == ["fail"]


UNUSED = {"unused": "100Mi"}


def unused(mebibytes: float | None, **more: Any) -> list[tuple[str, str, str]]:
    size = None if mebibytes is None else int(mebibytes * 2**20)
    return told(decided(UNUSED, unused=(index(scans=0, size=size),), **more))


def test_a_large_index_that_nobody_scans_fails_and_a_small_one_is_no_matter() -> None:
    (found,) = unused(101)
    said = "on items, 101Mi, never scanned since the statistics began"
    assert found == ("fail", "unused index public/by_time", said)
    assert unused(100) == []


def test_that_nobody_scans_it_takes_a_month_to_know_and_all_standbys() -> None:
    (young,) = unused(101, since=ago(days=3))
    assert young[::2] == ("unknown", "never scanned in the 3d that the statistics are old; needed 30d")
    (copied,) = unused(101, standbys=1)
    assert copied[::2] == (
        "unknown",
        "never scanned here; 1 standby may do so, which only their own statistics tell",
    )
    assert [one[0] for one in unused(101, since=None)] == ["unknown"]
    assert [one[0] for one in unused(None)] == ["unknown"]


def test_a_named_index_passes_as_it_is_named() -> None:
    examine = named(index())
    assert (outcomes(examine), examine.passed) == ([], 1)


def test_a_named_index_that_is_not_there_fails() -> None:
    assert told(named()) == [("fail", "index by_time", "the database shop has no such index")]


def test_one_that_is_being_made_without_being_seen_is_under_way() -> None:
    builds = (Build(table="items", since=ago(minutes=20)),)
    assert outcomes(named(builds=builds)) == ["transition"]
    assert outcomes(named(builds=(Build(table="other", since=ago(minutes=20)),))) == ["fail"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"table": "parts"}, "it is on parts; needed items"),
        ({"columns": ('"timestamp"',)}, 'its columns are "timestamp"; needed timestamp DESC'),
        (
            {"columns": ('"timestamp" DESC', "id")},
            'its columns are "timestamp" DESC, id; needed timestamp DESC',
        ),
        ({"predicate": "id > 5"}, "its predicate is id > 5; needed none"),
    ],
)
def test_a_named_index_that_is_another_fails(other: dict[str, Any], said: str) -> None:
    (found,) = told(named(msgspec.structs.replace(index(), **other)))
    assert found == ("fail", "index public/by_time", said)


@pytest.mark.parametrize(
    ("predicate", "outcome"),
    [
        ("is_active = true", []),
        ("(is_active  =  TRUE)", []),
        ("is_active = false", ["fail"]),
        ("", ["fail"]),
        (None, ["unknown"]),
    ],
)
def test_a_predicate_is_the_same_however_it_is_written(predicate: str | None, outcome: list[str]) -> None:
    wanted = "by_active ON items (is_active) WHERE is_active = true"
    found = index("by_active", columns=("is_active",), predicate=predicate)
    assert outcomes(named(found, wanted=wanted)) == outcome


def test_a_row_that_names_it_alone_takes_it_as_it_is() -> None:
    assert outcomes(named(index(columns=("a", "b"), predicate="c"), wanted="by_time")) == []


def test_what_a_failed_reindex_leaves_of_a_named_index_fails() -> None:
    left = (
        index("by_time_ccnew", valid=False),
        index("by_time_ccold1", valid=False),
        index("other", valid=False),
    )
    found = told(named(index(), unsound=left))
    assert [one[:2] for one in found] == [
        ("fail", "index public/by_time_ccnew"),
        ("fail", "index public/by_time_ccold1"),
    ]


def test_a_named_index_has_to_be_used_where_the_row_says_so() -> None:
    assert outcomes(named(index(scans=0))) == []
    (found,) = told(named(index(scans=0), used=True))
    assert found[::2] == ("fail", "never scanned since the statistics began")
    assert outcomes(named(index(scans=0), used=True, since=ago(days=2))) == ["unknown"]
    assert outcomes(named(index(scans=1), used=True, since=ago(days=2))) == []


def test_a_reindex_beside_a_sound_index_excuses_neither_its_definition_nor_that_nobody_uses_it() -> None:
    beside = ago(hours=3)
    assert outcomes(named(index(columns=("other",), building=beside))) == ["fail"]
    assert outcomes(named(index(scans=0, building=beside), used=True)) == ["fail"]


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no index; write NAME, or NAME ON TABLE"):
        IndexLimits(indexes=("by_time ON (a",))


def test_nothing_is_decided_of_a_standby_or_without_rights() -> None:
    for state in ({"standby": True}, {"complete": False}):
        assert outcomes(decided(unsound=(index(valid=False),), **state)) == ["unknown"]
