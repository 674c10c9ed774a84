"""backup/fresh by Velero: the newest completed backup of a namespace, and its archive in the bucket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.backup.check_fresh import check_fresh
from opsproof import Examination
from opsproof.examine.backups.kept import Kept
from opsproof.examine.velero import Vault
from opsproof.model.failure import Failure
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import kept, stored, told
from tests.checks.backup.vaults import backup, location, nights, schedule, vault
from tests.checks.cluster import NOW

PATTERN = "backups/nightly-%Y%m%d%H%M%S/*.tar.gz"
NAME = "nightly-20260302020000"


def of(found: Vault | Failure, *objects: Kept | Failure, **limits: Any) -> Examination:
    return examined(check_fresh, objects or None, None, None, None, False, (found,), **limits)


def test_last_nights_backup_passes() -> None:
    found = of(vault(*nights()))
    assert (1, []) == (found.passed, told(found))


def test_one_that_is_too_old_fails_and_is_as_old_as_its_beginning() -> None:
    """It ended 25 hours and 55 minutes ago."""
    (finding,) = of(vault(backup(26.1))).findings
    assert finding.message == "the newest is nightly-26.1, begun 2026-03-01 06:54 UTC"
    assert ("velero", "shop", "1d2h") == (finding.subject.kind, finding.subject.name, finding.measured.text)
    assert [] == told(of(vault(backup(26))))


@pytest.mark.parametrize(
    ("younger", "why"),
    [
        (backup(1, phase="PartiallyFailed", errors=2), "is no good one"),
        (backup(1, phase="Failed"), "is no good one"),
        (backup(1, phase="Deleting"), "goes"),
        (backup(1, spec={"includedNamespaces": ["other"]}), "is of another namespace"),
        (backup(1, spec={"excludedNamespaces": ["shop"]}), "leaves it out"),
        (backup(1, spec={"includedResources": ["configmaps"]}), "holds ConfigMaps alone"),
        (backup(1, spec={"includedNamespaceScopedResources": ["secrets"]}), "holds Secrets alone"),
        (backup(1, spec={"labelSelector": {"matchLabels": {"app": "api"}}}), "holds what has a label"),
        (backup(1, spec={"orLabelSelectors": [{"matchLabels": {"app": "api"}}]}), "holds what has a label"),
        (backup(1, spec={"excludedResources": ["*"]}), "holds nothing"),
        (backup(1, spec={"excludedResources": ["persistentvolumeclaims"]}), "holds no data"),
        (backup(1, progress={"totalItems": 0}), "has nothing in it"),
        (backup(1, expiration=(NOW - timedelta(minutes=1)).isoformat()), "has expired"),
        (backup(-48), "is of the future"),
    ],
)
def test_what_is_no_backup_of_the_namespace_does_not_make_it_young(younger: Any, why: str) -> None:
    (finding,) = told(of(vault(younger, backup(50))))
    assert "the newest is nightly-50" in finding, why


@pytest.mark.parametrize("names", [[], ["*"], ["sh*"], ["other", "sho?"], ["sh[ao]p"]])
def test_a_namespace_is_held_by_name_by_pattern_and_by_no_list(names: list[str]) -> None:
    assert [] == told(of(vault(backup(spec={"includedNamespaces": names}))))


def test_a_selector_that_selects_all_narrows_nothing() -> None:
    assert [] == told(of(vault(backup(spec={"labelSelector": {}}))))


def test_a_failed_one_beside_a_younger_good_one_is_ordinary() -> None:
    assert [] == told(of(vault(backup(), backup(31, phase="PartiallyFailed"))))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ((), "Velero in velero has none at all"),
        ((backup(spec={"includedNamespaces": ["other"]}),), "none of Velero's 1 holds the namespace"),
        ((backup(spec={"includedResources": ["secrets"]}),), "nightly-7 holds secrets alone"),
        ((backup(phase="PartiallyFailed"),), "the newest of 1 is nightly-7, PartiallyFailed"),
        ((backup(progress={"totalItems": 0}),), "nightly-7 has nothing in it"),
        ((backup(expiration=NOW.isoformat()),), "nightly-7 has expired"),
    ],
)
def test_without_a_good_one_it_fails_and_tells_what_is_there(found: tuple[Any, ...], message: str) -> None:
    assert [f"fail: velero shop: no backup: {message}"] == told(of(vault(*found)))


def test_each_namespace_is_judged_by_itself() -> None:
    (finding,) = told(of(vault(backup(), namespaces=("shop", "billing"))))
    assert finding.startswith("fail: velero billing: no backup: none of Velero's 1")


@pytest.mark.parametrize(("hours", "outcome"), [(26.4, "transition"), (26.6, "fail")])
def test_what_is_being_made_excuses_the_one_before_for_as_long_as_that_takes(
    hours: float, outcome: str
) -> None:
    """Backups that fail every night are under way in every night."""
    found = told(of(vault(backup(hours), backup(0.2, phase="InProgress"))))
    assert [outcome] == [one.partition(":")[0] for one in found]


@pytest.mark.parametrize("schedules", [(schedule(),), (schedule(age=60, last=None),)])
def test_after_one_that_failed_nobody_waits_for_a_first_one(schedules: Any) -> None:
    for running in ((), (backup(0.2, phase="InProgress"),)):
        found = told(of(vault(backup(0.5, phase="PartiallyFailed"), *running, schedules=schedules)))
        assert ["fail"] == [one.partition(":")[0] for one in found]


def test_a_first_one_that_is_being_made_is_waited_for() -> None:
    found = told(of(vault(backup(0.2, phase="InProgress"))))
    assert ["transition"] == [one.partition(":")[0] for one in found]


@pytest.mark.parametrize("phase", ["New", "Queued", "InProgress", "WaitingForPluginOperations", "Finalizing"])
def test_one_that_does_not_end_excuses_nothing(phase: str) -> None:
    found = told(of(vault(backup(26.2), backup(0.6, phase=phase))))
    assert ["fail"] == [one.partition(":")[0] for one in found]


def test_a_first_backup_that_is_not_yet_due_is_waited_for() -> None:
    found = told(of(vault(schedules=(schedule(age=60, last=None),))))
    assert ["transition"] == [one.partition(":")[0] for one in found]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"age": 60 * 30, "last": None}, "it was due this night"),
        ({"age": 60, "last": None, "paused": True}, "it makes none"),
        ({"age": 60, "last": None, "template": {"includedNamespaces": ["other"]}}, "it makes others"),
        ({"age": 60 * 27, "last": None, "cron": "0 2 1 * *"}, "its day is weeks away"),
    ],
)
def test_a_first_backup_is_not_waited_for_where_none_comes_in_time(given: dict[str, Any], why: str) -> None:
    found = told(of(vault(schedules=(schedule(**given),))))
    assert ["fail"] == [one.partition(":")[0] for one in found], why


def test_a_schedule_that_cannot_be_read_leaves_a_first_backup_undecided() -> None:
    found = told(of(vault(schedules=(schedule(cron="at night", last=None),))))
    assert ["unknown"] == [one.partition(":")[0] for one in found]


def archive(name: str = NAME, **more: Any) -> Kept:
    at = NOW.replace(hour=2)
    one = stored(0, name=f"backups/{name}/{name}.tar.gz", modified=at, **more)
    return kept(one, pattern=PATTERN, now=NOW)


def test_its_archive_has_to_be_in_the_bucket() -> None:
    found = of(vault(backup(name=NAME)), archive())
    assert (3, []) == (found.passed, told(found))


def test_a_completed_backup_without_its_archive_fails() -> None:
    """The bucket has one of the same night, which is of another schedule."""
    at = NOW.replace(hour=2, minute=1)
    other = stored(0, name="backups/nightly-20260302020100/nightly-20260302020100.tar.gz", modified=at)
    found = told(of(vault(backup(name=NAME)), kept(other, pattern=PATTERN, now=NOW)))
    assert [f"fail: archive shop: the bucket shop has no backups/{NAME}/{NAME}.tar.gz"] == found


def test_an_empty_archive_fails() -> None:
    assert f"fail: archive shop: backups/{NAME}/{NAME}.tar.gz is empty" in told(
        of(vault(backup(name=NAME)), archive(size=0))
    )


def test_an_archive_that_was_completed_a_moment_ago_may_not_have_been_listed() -> None:
    young, older = (backup(hours, name="nightly-20260302084900") for hours in (0.19, 0.21))
    found = told(of(vault(young), archive()))
    assert ["transition"] == [one.partition(":")[0] for one in found]
    found = told(of(vault(older), archive()))
    assert ["fail"] == [one.partition(":")[0] for one in found]


def test_a_bucket_that_is_not_veleros_says_nothing() -> None:
    found = told(of(vault(backup(name=NAME), bucket="another"), archive()))
    assert [
        "unknown: archive shop: it is stored in the bucket shop-backups, and the target is another"
    ] == found


def test_the_prefix_of_the_location_belongs_to_the_key() -> None:
    where = location(objectStorage={"bucket": "shop-backups", "prefix": "/one/"})
    pattern = f"one/{PATTERN}"
    one = stored(0, name=f"one/backups/{NAME}/{NAME}.tar.gz", modified=NOW.replace(hour=2))
    found = of(vault(backup(name=NAME), locations=(where,)), kept(one, pattern=pattern, now=NOW))
    assert (3, []) == (found.passed, told(found))


def test_one_by_hand_is_not_looked_for_among_dated_names() -> None:
    found = of(vault(backup(1, name="by-hand")), archive())
    assert ([], True) == (told(found), any("by-hand is not among the objects" in one for one in found.notes))


def test_what_the_cluster_does_not_tell_is_undecided_and_the_bucket_decides() -> None:
    refused = Failure("Forbidden", "the permission to list backups.velero.io is missing", "kubernetes:test")
    found = told(of(refused, archive(size=0)))
    assert "unknown: source velero: the permission to list backups.velero.io is missing" in found
    assert any(one.startswith("fail: backup ") for one in found)


def test_a_clock_that_nobody_trusts_does_not_decide_what_hangs_on_it() -> None:
    (finding,) = told(of(vault(backup(24), skew=-5 * 3600.0)))
    assert finding.startswith("unknown: ")
