"""backup/retention: every day is there, old ones go, the newest stays, and no rule takes them too early."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from checks.backup.check_retention import check_retention
from opsproof import Examination
from opsproof.examine.backups.kept import Kept
from opsproof.model.failure import Failure
from opsproof.sources.s3.facts import Bucket, Expiry
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import NOW, kept, nights, stored, told

LIMITS = {"keep": "30d", "longest": "32d"}


def of(*places: Kept, bucket: Bucket | Failure | None = None, **limits: Any) -> Examination:
    return examined(check_retention, places, None, bucket, None, **{**LIMITS, **limits})


def test_thirty_days_without_a_gap_pass() -> None:
    found = of(kept(*nights()))
    assert (3, []) == (found.passed, told(found))


def test_the_day_that_is_missing_is_named() -> None:
    assert ["fail: days db-%Y%m%d.sql.gz: 2 of 29 days have no backup: 2026-11-06, 2026-11-16"] == told(
        of(kept(*nights(10, 20)))
    )


def test_today_is_not_yet_over() -> None:
    assert [] == told(of(kept(*nights(0))))


def test_an_empty_one_is_none() -> None:
    found = told(of(kept(*nights(10), stored(10, size=0))))
    assert ["fail: days db-%Y%m%d.sql.gz: 1 of 29 days have no backup: 2026-11-16"] == found


def test_an_old_one_that_was_copied_to_another_day_fills_no_gap() -> None:
    """It has the time of that day, and the name of its own."""
    found = told(of(kept(*nights(10), stored(25, name="db-20261101.sql.gz", modified=stored(10).modified))))
    assert ["fail: days db-%Y%m%d.sql.gz: 1 of 29 days have no backup: 2026-11-16"] == found


def test_weekends_without_a_schedule_are_no_gap() -> None:
    weekends = (4, 5, 11, 12, 18, 19, 25, 26)  # back from a Thursday
    weekdays = ("mon", "tue", "wed", "thu", "fri")
    assert [] == told(of(kept(*nights(*weekends)), weekdays=weekdays))
    assert told(of(kept(*nights(*weekends))))


def test_before_the_first_backup_ever_nothing_is_missing() -> None:
    assert [] == told(of(kept(*nights(count=10)), since="2026-11-17"))
    assert told(of(kept(*nights(count=10)), since="2026-11-16"))


def test_a_day_is_one_however_it_is_written() -> None:
    """Python reads more than one form since 3.11; what does not compare would excuse every day."""
    written = {"2026-11-16"} | ({"20261116"} if sys.version_info >= (3, 11) else set())
    assert written == {one for one in written if told(of(kept(*nights(count=10)), since=one))}


def test_a_first_backup_that_is_still_to_come_excuses_no_day() -> None:
    """A year that is mistyped: nothing would ever be missing."""
    (finding,) = told(of(kept(*nights(10)), since="2062-11-16"))
    assert finding.startswith(
        "unknown: days db-%Y%m%d.sql.gz: since is 2062-11-16, a day that is still to come"
    )


def test_what_should_have_gone_fails() -> None:
    """Its name counts: a copy of it has a fresh time."""
    (finding,) = told(of(kept(*nights(), stored(90, modified=NOW))))
    assert finding.endswith("db-20260828.sql.gz is still there: old backups are not taken away")


def test_the_newest_stays_however_old_it_is() -> None:
    """No backup was made since: that is another requirement's failure, and deleting it would be the worst."""
    found = of(kept(stored(90)), keep=None)
    assert [] == told(found)
    assert ["it is the only one, and so has to stay"] == [one.why for one in found.excluded]


def test_without_any_backup_the_row_says_what_that_means() -> None:
    found = of(kept(instead=("old/",)))
    assert found.nothing_examined
    assert "it has old/: is the name mistyped?" in found.excluded[0].why


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        (Expiry(name="r", days=7), True),
        (Expiry(name="r", days=30), False),
        (Expiry(name="r", days=7, prefix="db-"), True),
        (Expiry(name="r", days=7, prefix="db-2025"), True),
        (Expiry(name="r", days=7, prefix="logs/"), False),
        (Expiry(name="r", days=30, filtered=True), False),
        (Expiry(name="r", days=None), False),
    ],
)
def test_a_rule_that_takes_backups_away_too_early_fails_before_it_has_done_so(
    rule: Expiry, fails: bool
) -> None:
    found = told(of(kept(*nights()), bucket=Bucket(name="shop", expiries=(rule,))))
    assert fails == bool(found)


def test_a_rule_for_what_has_a_tag_may_be_about_backups_or_not() -> None:
    rule = Expiry(name="temporary", days=1, filtered=True)
    (finding,) = told(of(kept(*nights()), bucket=Bucket(name="shop", expiries=(rule,))))
    assert finding.startswith("unknown: lifecycle rule temporary: it takes away after 1d what its filter")


def test_a_rule_for_what_is_no_backup_takes_none_away() -> None:
    """Names that begin with their date fit every letter, but not every word."""
    pattern = "%Y/%m/db-%Y%m%d.sql.gz"
    place = kept(*nights(pattern=pattern), pattern=pattern)
    rules = [Expiry(name="r", days=7, prefix=prefix) for prefix in ("logs/", "2026/", "")]
    found = [told(of(place, bucket=Bucket(name="shop", expiries=(rule,)))) for rule in rules]
    assert [0, 1, 1] == [len(one) for one in found]


def test_a_rule_of_an_empty_bucket_keeps_no_backup() -> None:
    """Without any backup nothing is examined, whatever the bucket is told to do."""
    rule = Expiry(name="monthly", days=30)
    assert of(kept(), bucket=Bucket(name="shop", expiries=(rule,))).nothing_examined


def test_a_place_without_a_backup_is_seen_beside_one_that_has_them() -> None:
    found = of(kept(*nights()), kept(pattern="config-%Y%m%d.yaml", instead=("db-20261126.sql.gz",)))
    (finding,) = told(found)
    assert finding.startswith("fail: backup config-%Y%m%d.yaml: no backup: nothing begins like that")


@pytest.mark.parametrize(
    ("bucket", "note"),
    [
        (Bucket(name="shop", expiries=None), "the rules of the bucket are not known: its server has none"),
        (
            Bucket(name="shop", expiries=()),
            "no rule of the bucket takes old backups away: something else has to",
        ),
        (Failure("Forbidden", "refused"), "the rules of the bucket are not known: refused"),
    ],
)
def test_rules_that_are_not_known_are_noted(bucket: Any, note: str) -> None:
    """What lies in the bucket decides; the rules are only looked at beside it."""
    found = of(kept(*nights()), bucket=bucket)
    assert [] == told(found)
    assert found.notes[0].startswith(note)
