"""backup/fresh: ages by name and by time, schedules, sizes, and what is there in place of backups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from checks.backup.check_fresh import check_fresh
from opsproof import Examination
from opsproof.examine.backups.kept import Kept
from opsproof.model.failure import Failure
from opsproof.model.finding import BACKUP_AGE
from opsproof.model.listing import Listing
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import DUMP, NOW, kept, night, nights, stored, told
from tests.checks.cluster import deployment, listing


def of(*places: Kept, files: tuple[Kept, ...] | None = None, **limits: Any) -> Examination:
    return examined(check_fresh, places or None, files, None, None, False, None, **limits)


def test_last_nights_backup_passes() -> None:
    """Its age, and its size beside the median of those before it."""
    found = of(kept(*nights()))
    assert (2, [], []) == (found.passed, told(found), found.notes)


def test_the_age_of_what_passes_is_kept_for_the_report() -> None:
    """By its number: the picture of the newest backups reads no text."""
    found = of(kept(*nights()))
    assert check_fresh.measures == BACKUP_AGE
    assert [("backup db-%Y%m%d.sql.gz", 6 * 3600.0, "seconds"), ("size db-%Y%m%d.sql.gz", 0.0, "ratio")] == [
        (str(one.subject), one.measured.value, one.limit.unit) for one in found.measured
    ]


def test_the_limit_itself_is_allowed_and_a_second_more_is_not() -> None:
    at = NOW - timedelta(hours=26)
    young, old = (of(kept(stored(1, modified=at - timedelta(seconds=late)), whole=True)) for late in (0, 1))
    assert ([], 1) == (told(young), len(told(old)))
    assert (
        "fail: backup db-%Y%m%d.sql.gz: the newest is db-20261125.sql.gz, made 2026-11-25 06:59 UTC"
        in told(old)
    )


def test_todays_backup_is_not_yet_due() -> None:
    """At two in the morning, that of yesterday is 23 hours old."""
    assert [] == told(of(kept(*nights(0), now=NOW.replace(hour=2))))


def test_an_old_backup_that_was_copied_is_old() -> None:
    """Its time is now, and its name tells the day."""
    (finding,) = told(of(kept(stored(10, modified=NOW))))
    assert "the newest is db-20261116.sql.gz, made 2026-11-17 00:00 UTC" in finding


def test_a_fresh_name_on_an_old_file_is_old() -> None:
    (finding,) = told(of(kept(stored(0, modified=night(10)))))
    assert "made 2026-11-16 03:00 UTC" in finding


def test_a_name_of_the_future_is_no_backup() -> None:
    """One day ahead may be another zone's clock; a year is a mistake, and must not look fresh for a year."""
    far = stored(-365, modified=night(5))
    (finding,) = told(of(kept(far)))
    assert "no backup: 1 in the bucket shop, all dated in the future" in finding
    assert [] == told(of(kept(stored(-1, modified=NOW))))


def test_one_whose_time_is_still_to_come_has_no_age() -> None:
    """Tomorrow by its name and by its time: by a clock that was wrong it would be young for days."""
    one = stored(-1, modified=night(-1, 23))
    (finding,) = told(of(kept(*nights(), one)))
    assert finding.startswith(
        "unknown: backup db-%Y%m%d.sql.gz: the newest backup is dated 1d14h in the future"
    )
    late = kept(stored(-1, modified=NOW + timedelta(seconds=50)))
    assert [] == told(of(late))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "the bucket shop is empty"),
        (
            {"instead": ("nightly/", "old/")},
            "nothing begins like that in the bucket shop; it has nightly/, old/",
        ),
        ({"others": 3, "instead": ("2026/",)}, "the bucket shop has 3 others where it was looked: 2026/"),
    ],
)
def test_nothing_there_fails_and_tells_which_nothing(more: dict[str, Any], message: str) -> None:
    """An empty bucket, a mistyped name, names of another form: each is mended elsewhere."""
    (finding,) = told(of(kept(**more)))
    assert finding.startswith("fail: backup db-%Y%m%d.sql.gz: no backup: ")
    assert message in finding


def test_an_empty_one_fails_however_young() -> None:
    found = told(of(kept(*nights(0), stored(0, size=0))))
    assert "fail: backup db-%Y%m%d.sql.gz: db-20261126.sql.gz is empty" in found


@pytest.mark.parametrize(("size", "fails"), [(500, False), (499, True), (1500, False), (1501, True)])
def test_a_size_far_from_the_usual_one_fails(size: int, fails: bool) -> None:
    found = told(of(kept(*nights(0), stored(0, size=size))))
    assert fails == any(one.startswith("fail: size db-%Y%m%d.sql.gz: ") for one in found)


def test_a_size_is_usual_from_three_earlier_ones_on() -> None:
    """Before that nothing is said of it but a note; empty ones do not count."""
    found = of(kept(*nights(count=3), stored(3, size=0)))
    assert (1, []) == (found.passed, told(found))
    assert ["db-%Y%m%d.sql.gz: fewer than 3 earlier backups, so no size is usual"] == found.notes


@pytest.mark.parametrize(("days", "hour", "fails"), [(3, 4, False), (3, 6, True), (1, 9, False)])
def test_days_without_a_schedule_do_not_count(days: int, hour: int, fails: bool) -> None:
    """Friday's backup is young enough on Monday at four, and no more at six; on Saturday it is anyway."""
    friday = night(6)  # 2026-11-20
    now = (friday + timedelta(days=days)).replace(hour=hour)
    found = told(of(kept(stored(6), now=now), weekdays=("mon", "tue", "wed", "thu", "fri")))
    assert fails == bool(found)


def test_the_hour_that_a_change_of_clocks_repeats_is_no_delay() -> None:
    """From three to three are 25 hours there."""
    berlin = ZoneInfo("Europe/Berlin")
    made = NOW.replace(month=10, day=24, hour=1)
    one = stored(0, name="db-20261024.sql.gz", modified=made)
    assert [] == told(of(kept(one, now=made + timedelta(hours=25), zone=berlin), zone="Europe/Berlin"))


def test_a_file_that_is_being_written_is_no_backup_yet() -> None:
    """The one before it counts, and is young enough."""
    now = NOW.replace(hour=3, minute=5)
    growing = stored(0, size=10, modified=now - timedelta(minutes=1))
    assert [] == told(of(files=(kept(*nights(0), growing, now=now, whole=False),)))


@pytest.mark.parametrize(("late", "outcome"), [(29, "transition"), (31, "fail")])
def test_what_is_being_written_excuses_the_one_before_for_as_long_as_that_takes(
    late: int, outcome: str
) -> None:
    """A script that fails every night is at work in every night."""
    growing = stored(0, size=10, modified=NOW - timedelta(minutes=1))
    before = stored(1, modified=NOW - timedelta(hours=26, minutes=late))
    found = told(of(files=(kept(before, growing, whole=False),)))
    assert [outcome] == [one.partition(":")[0] for one in found]


def test_what_is_being_written_excuses_no_empty_one_before_it() -> None:
    growing = stored(0, size=10, modified=NOW - timedelta(minutes=1))
    found = told(of(files=(kept(*nights(0, 1), stored(1, size=0), growing, whole=False),)))
    assert "fail: backup db-%Y%m%d.sql.gz: db-20261125.sql.gz is empty" in found


def test_one_that_nobody_writes_to_any_more_is_no_transition() -> None:
    small = stored(0, size=10, modified=NOW - timedelta(minutes=31))
    found = told(of(files=(kept(*nights(0), small, whole=False),)))
    assert ["fail: size db-%Y%m%d.sql.gz: db-20261126.sql.gz has 10 bytes, and 1000 are usual there"] == found


def test_a_second_way_is_examined_too() -> None:
    found = told(of(kept(*nights()), files=(kept(stored(5), whole=False),)))
    assert 1 == len(found) and "made 2026-11-21 03:00" in found[0]


def test_no_way_at_all_is_undecided() -> None:
    """No target of a kind that the row names: never green."""
    (finding,) = told(examined(check_fresh, None, None, None, None, False, None))
    assert finding.startswith("unknown: source backups: nothing tells where backups are: targets.s3")


def test_a_place_that_does_not_answer_is_undecided_and_the_other_decides() -> None:
    refused = Failure("Forbidden", "the right s3:ListBucket is missing", "s3:test")
    found = told(examined(check_fresh, (refused,), (kept(stored(5), whole=False),), None, None, False, None))
    assert "unknown: source objects: the right s3:ListBucket is missing" in found
    assert any(one.startswith("fail: ") for one in found)


def test_a_clock_that_nobody_trusts_does_not_decide_what_hangs_on_it() -> None:
    """By the server's clock it is 23 hours old, by ours 28."""
    at = NOW - timedelta(hours=23)
    (finding,) = told(of(kept(stored(1, modified=at), now=NOW, skew=-5 * 3600.0)))
    assert finding.startswith("unknown: ")


@pytest.mark.parametrize(
    "given", [{"objects": ["latest.gz"]}, {"zone": "Mars/Olympus"}, {"weekdays": ["someday"]}]
)
def test_what_a_row_cannot_mean_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"whole date|no time zone|weekdays"):
        check_fresh.limits.model_validate(given)


def test_one_backup_under_two_names_is_one() -> None:
    """Copied again under the folder of another month, with a fresh time."""
    pattern = "%Y/%m/db-%Y%m%d.sql.gz"
    original = stored(20, pattern)
    copy = stored(20, pattern, name=original.name.replace("2026/11", "2026/12"), modified=NOW)
    assert 1 == len(kept(original, copy, pattern=pattern).backups)


def test_several_databases_under_one_pattern_are_noted() -> None:
    """Of one night the largest counts, so that the other one may be missing or empty."""
    pattern = "*-%Y%m%d.sql.gz"
    one, other = stored(0, "shop-%Y%m%d.sql.gz"), stored(0, "users-%Y%m%d.sql.gz", size=0)
    found = of(kept(one, other, pattern=pattern))
    assert f"2 of 2026-11-26 fit {pattern}, and only the largest is looked at" in found.notes[0]
    assert not any("is looked at" in note for note in of(kept(one, pattern=pattern)).notes)


def test_the_subject_stays_the_same_from_night_to_night() -> None:
    (finding,) = of(kept(stored(5))).findings
    assert ("backup", DUMP) == (finding.subject.kind, finding.subject.name)


# -- only where there is a database ----------------------------------------------------------------------

ENGINES = ("postgres", "mysql*")


def conditional(*workloads: Any, found: Any = None, target: bool = False) -> list[str]:
    listed = listing(*workloads) if found is None else found
    return told(examined(check_fresh, (kept(),), None, None, listed, target, None, databases=ENGINES))


def running(image: str, port: int = 8080) -> Any:
    container = {"name": "app", "image": image, "ports": [{"containerPort": port}]}
    return deployment("app", spec={"template": {"spec": {"containers": [container]}}})


@pytest.mark.parametrize(
    ("image", "port"),
    [
        ("registry.example.com:5000/shop/postgres@sha256:" + "0" * 64, 8080),
        ("mysql-server:8", 8080),
        ("registry.example.com/shop/orders:1", 5432),
        ("not an image at all", 3306),
    ],
)
def test_a_workload_that_is_a_database_makes_the_row_apply(image: str, port: int) -> None:
    """By its image, or by where it listens."""
    (finding,) = conditional(running(image, port))
    assert "no backup: the bucket shop is empty" in finding


@pytest.mark.parametrize("image", ["registry.example.com/shop/api:1", "prom/postgres-exporter:1", "redis:7"])
def test_without_a_database_the_row_does_not_apply(image: str) -> None:
    assert [
        "not_applicable: database any: there is no database: none of 1 workload is one, "
        "and there is no target of kind postgres"
    ] == conditional(running(image))


@pytest.mark.parametrize(
    ("owner", "applies"),
    [("Cluster", True), ("Job", False), ("ReplicaSet", False), ("", False)],
)
def test_a_pod_that_an_operator_made_is_a_database(owner: str, applies: bool) -> None:
    """The API has no workload of it; a Job that dumps one, and a shell by hand, have the same image."""
    owners = [{"kind": owner, "name": "jobs", "controller": True}] if owner else []
    meta = {"name": "jobs-1", "namespace": "opsforge", "ownerReferences": owners}
    container = {"name": "postgres", "image": "ghcr.io/cloudnative-pg/postgresql:16"}
    pod = msgspec.convert({"metadata": meta, "spec": {"containers": [container]}}, Pod)
    found = told(
        examined(
            check_fresh,
            (kept(),),
            None,
            None,
            listing(running("api:1"), pod),
            False,
            None,
            databases=("postgres*",),
        )
    )
    assert ("fail: " if applies else "not_applicable: ") == found[0][: found[0].index(" ") + 1]


def test_a_target_of_the_environment_is_a_database() -> None:
    assert conditional(running("api:1"), target=True)[0].startswith("fail: ")


def test_where_workloads_are_not_all_known_nothing_is_concluded() -> None:
    """Refused, in a part refused, or not proven to be there: never that there is none."""
    refused = Failure("Forbidden", "the permission to list deployments is missing", "kubernetes:x")
    assert ["unknown: database any: the permission to list deployments is missing"] == conditional(
        found=refused
    )
    assert [] == conditional(found=listing(gaps=[refused]))  # the gap itself is undecided
    doubtful = Listing([], as_of=NOW, doubts=["nothing seen in namespace shop"])
    assert ["unknown: database any: nothing seen in namespace shop"] == conditional(found=doubtful)
