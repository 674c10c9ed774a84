"""capacity/growth-forecast on plain facts: a window of ten days, looked at twice a day; volumes of ten gibibytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from checks.capacity.check_growth_forecast import GrowthLimits, check_growth_forecast
from opsproof import Examination
from opsproof.examine.volumes import Volumes
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples
from tests.checks.cluster import SHOP
from tests.checks.measured import EMPTY, examination, only, over, recording
from tests.checks.volumes import NEVER, NO_CLUSTER, Gi, claim, user, volumes

DAYS = 10 * 86400.0
WHOLE = recording(over(DAYS, [1]))
Course = Sequence[float | str | None]


def course(**claims: Course) -> Samples:
    """Gibibytes of each claim, one value or one for each day, oldest first."""
    if not claims:
        return EMPTY
    values = [[float(one) * Gi if one is not None else None for one in given] for given in claims.values()]
    return over(DAYS, *values, namespace=[SHOP] * len(claims), persistentvolumeclaim=list(claims))


def examined(
    free: Samples, now: float, *, sizes: Samples | None = None, given: Volumes | None = None, recorded: Any = WHOLE,
    databases: Any = None, **limits: Any,
) -> Examination:  # fmt: skip
    examine = examination()
    check_growth_forecast(
        free, course(data=[10]) if sizes is None else sizes, recorded, databases, given or volumes({"data": now}),
        GrowthLimits(**{"full_in": ">30d", "window": "10d", **limits}), examine,
    )  # fmt: skip
    return examine


def line(first: float, last: float) -> Samples:
    """Evenly from one value to another."""
    return course(data=[first + (last - first) * day / 9 for day in range(10)])


def test_a_volume_that_does_not_grow_is_compliant() -> None:
    assert examined(course(data=[1]), 1).passed == 1


def test_a_volume_that_gains_room_is_compliant() -> None:
    assert examined(line(1, 5), 5).passed == 1


def test_a_volume_that_grows_slowly_is_compliant() -> None:
    """0.1 a day, 5 left: 50 days."""
    assert examined(line(5.9, 5), 5).passed == 1


def test_a_volume_that_will_be_full_too_early_fails() -> None:
    finding = only(examined(line(5.9, 2), 2))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "persistentvolumeclaim shop/data")
    assert finding.message == "2Gi of 10Gi free: full in 4d15h; needed: above 30d"
    assert (finding.measured.text, finding.limit.text) == ("4d15h", "above 30d")


def test_a_volume_that_is_full_fails_however_flat_its_line() -> None:
    assert only(examined(course(data=[0]), 0)).message == "it is full; needed: above 30d"


def test_a_step_gives_its_level() -> None:
    finding = only(examined(line(5.9, 2), 2, full_in={"medium": "30d", "critical": "5d"}))
    assert finding.level == "critical"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            [None] * 9 + [2],
            "recorded for a part of the time only: measured in 10 % of 10d; needed at least 90 %",
        ),
        ([5, 5, None, None, None, 4, 4, 4, 3, 2], "a gap in the recording: measured in 70 % of 10d*"),
        ([5, "NaN", 5, 4, 4, 4, 4, 4, 3, 2], "Prometheus answers NaN, which is no number to compare"),
    ],
)
def test_a_line_through_a_part_of_the_window_is_undecided(given: Course, why: str) -> None:
    """predict_linear would draw it all the same."""
    finding = only(examined(course(data=given), 2))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith(why.strip("*"))


def test_a_volume_that_the_cluster_has_made_since_is_set_aside_by_name() -> None:
    given = volumes({"data": 2}, claims=[claim(age=60 * 24)])
    examine = examined(course(data=[None] * 9 + [2]), 2, given=given)
    assert (examine.passed, examine.findings) == (0, [])
    assert examine.excluded[0].why == "younger than 10d: no line to go by yet"


def test_a_gap_is_not_excused_by_the_age_of_the_claim() -> None:
    given = volumes({"data": 2}, claims=[claim(age=60 * 24)])
    assert (
        only(examined(course(data=[5, 5, None, None, None, 4, 4, 4, 3, 2]), 2, given=given)).outcome
        is Outcome.UNKNOWN
    )


def test_a_window_that_is_not_recorded_at_all_is_undecided() -> None:
    short = recording(over(DAYS, [None, 1]), kept=5 * 86400.0)
    finding = only(examined(line(5.9, 5), 5, recorded=short))
    assert finding.message == "Prometheus keeps 5d, the window is 10d: samples in 50% of the last 10d"


def test_a_resize_begins_another_line() -> None:
    """The room that it added would look like a volume that shrinks."""
    sizes = course(data=[5] * 6 + [10] * 4)
    finding = only(examined(course(data=[3, 2.5, 2, 1.5, 1, 0.5, 5, 4.5, 4, 3.5]), 3.5, sizes=sizes))
    assert finding.outcome is Outcome.UNKNOWN
    assert (
        finding.message
        == "resized about 3d12h ago: the line since then covers 40 % of 10d; needed at least 90 %"
    )
    assert only(
        examined(course(data=[3, 2.5, 2, 1.5, 1, 0.5, 5, 4.5, 4, 3.5]), 3.5, sizes=sizes, coverage="40%")
    ).message.startswith("3.5Gi of 10Gi free: full in 7d")


def test_a_resize_a_moment_ago_begins_another_line() -> None:
    finding = only(examined(course(data=[0.5]), 9, sizes=course(data=[5]), given=volumes({"data": 9})))
    assert finding.message.startswith("resized about ")


def test_a_volume_that_was_measured_a_moment_ago_for_the_first_time_is_set_aside() -> None:
    """Its number of now may be newer than the whole recording."""
    given = volumes({"data": 2}, claims=[claim(age=1)])
    examine = examined(EMPTY, 2, sizes=EMPTY, given=given)
    assert (examine.findings, len(examine.excluded)) == ([], 1)


def test_a_volume_whose_capacity_was_not_recorded_is_undecided() -> None:
    """A resize would look like room that was freed."""
    finding = only(examined(line(1, 5), 5, sizes=EMPTY))
    assert (finding.outcome, finding.message) == (
        Outcome.UNKNOWN,
        "its capacity is not recorded: whether it was resized within 10d is not known",
    )


FREED_ONCE = [6, 5, 4, 3, 2, 6, 5, 4, 3, 2]
FREED_AGAIN = [6, 5, 4, 6, 5, 4, 6, 5, 4, 6]


def test_a_volume_that_was_freed_once_is_undecided_where_that_makes_the_difference() -> None:
    """The line across it is flat; without another cleaning it is full in days."""
    finding = only(examined(course(data=FREED_ONCE), 2, full_in=">5d"))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == (
        "4Gi were freed about 4d12h ago: if that does not recur, it is full in 2d6h; needed: above 5d"
    )


def test_one_cleaning_that_two_steps_show_is_no_habit() -> None:
    finding = only(examined(course(data=[6, 5, 4, 3, 2, 4, 6, 5, 4, 3]), 3, full_in=">10d"))
    assert finding.outcome is Outcome.UNKNOWN


def test_a_volume_that_was_freed_once_is_decided_where_it_makes_none() -> None:
    assert examined(course(data=FREED_ONCE), 2, full_in=">1d").passed == 1
    assert only(examined(course(data=FREED_ONCE), 2, full_in=">300d")).outcome is Outcome.FAIL


def test_what_is_freed_again_and_again_is_part_of_the_line() -> None:
    assert examined(course(data=FREED_AGAIN), 6, full_in=">30d").passed == 1


def test_a_claim_that_nobody_measures_is_undecided() -> None:
    given = volumes({"data": 5}, claims=[claim(), claim("logs")], pods=[user(), user("logs")])
    finding = only(examined(line(5.9, 5), 5, given=given))
    assert (str(finding.subject), finding.outcome) == ("persistentvolumeclaim shop/logs", Outcome.UNKNOWN)


def test_no_volume_and_no_cluster_is_undecided() -> None:
    given = volumes({}, claims=NO_CLUSTER, matched=NEVER)
    assert only(examined(course(), 5, sizes=course(), given=given)).message.startswith(
        "no volume is measured now"
    )


def test_only_the_claims_of_the_row_are_judged() -> None:
    given = volumes({"data": 5, "logs": 0.1})
    both = course(data=[5], logs=[0.1])
    examine = examined(both, 5, sizes=course(data=[10], logs=[10]), given=given, claims=("data",))
    assert (examine.passed, examine.findings) == (1, [])


def of_database(*values: float | None) -> Samples:
    return over(
        DAYS, [None if one is None else one * Gi for one in values], datname=["shop"], namespace=[SHOP]
    )


def test_the_growth_of_a_database_is_said() -> None:
    examine = examined(line(5.9, 5), 5, databases=of_database(1, 2))
    assert examine.passed == 2
    assert examine.notes == ["database shop: from 1Gi to 2Gi within 10d"]


@pytest.mark.parametrize(
    ("databases", "why"),
    [
        (EMPTY, "Prometheus has no sizes of databases"),
        (of_database(None, 2), "its size is recorded in 50 % of 10d; needed at least 90 %"),
        (of_database(2, None), "its size is no longer recorded"),
        (
            Failure("NotConfigured", "metrics.pg_database_size is not set"),
            "metrics.pg_database_size is not set",
        ),
    ],
)
def test_growth_of_a_database_that_is_not_known_is_undecided(databases: Any, why: str) -> None:
    finding = only(examined(line(5.9, 5), 5, databases=databases))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, why)
