"""database/replication on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.database.check_replication import ReplicationLimits, check_replication
from opsproof import Examination
from opsproof.sources.postgres.replication import Archiver, Receiver, Replication, Sender, Slot
from tests.checks.database.told import AS, ago, examined, outcomes, told

OFF, ON = Archiver(mode="off"), Archiver(mode="on", last_archived=ago(minutes=3), since=ago(days=9))
STREAMS = Sender(application="replica-1", state="streaming", behind=0, lag=0.2)
MIB = 2**20


def replication(*senders: Sender, slots: tuple[Slot, ...] = (), **more: Any) -> Replication:
    return Replication(**{**AS, "senders": senders, "slots": slots, "archiver": OFF, **more})


def decided(facts: Replication, **limits: Any) -> Examination:
    return examined(check_replication, facts, limits=ReplicationLimits(**limits))


def sender(**more: Any) -> Sender:
    return Sender(**{"application": "replica-1", "state": "streaming", "behind": 0, "lag": None, **more})


def test_a_standby_that_follows_closely_passes() -> None:
    examine = decided(replication(STREAMS))
    assert (examine.findings, examine.passed) == ([], 2)
    assert examine.notes == ["archive_mode is off: without WAL no moment between two backups can be restored"]


@pytest.mark.parametrize(
    "found", [(), (sender(state="backup"),), (sender(logical=True),)], ids=["none", "copied", "logical"]
)
def test_a_primary_that_nobody_follows_fails(found: tuple[Sender, ...]) -> None:
    """Neither a copy that is being made nor a subscriber of some tables would take over."""
    assert told(decided(replication(*found))) == [("fail", "database postgres", "0 standbys following")]


def test_a_standby_that_catches_up_decides_nothing_yet() -> None:
    assert told(decided(replication(sender(state="catchup")))) == [
        ("unknown", "database postgres", "1 standby still catching up")
    ]


def test_one_more_that_catches_up_does_not_hide_that_too_few_follow() -> None:
    facts = replication(STREAMS, sender(application="replica-2", state="catchup"))
    assert outcomes(decided(facts, standbys=3)) == ["fail"]


def test_a_backup_that_is_being_made_beside_a_standby_is_ordinary() -> None:
    """pg_basebackup has two senders, and one of them streams."""
    copying = [sender(application=name, behind=None) for name in ("pg_basebackup", "pg_receivewal")]
    assert (
        outcomes(decided(replication(STREAMS, sender(application="pg_basebackup", state="backup"), *copying)))
        == []
    )


def test_what_keeps_the_wal_alone_is_no_standby() -> None:
    assert outcomes(decided(replication(sender(application="pg_receivewal", behind=None)))) == ["fail"]


def test_a_standby_that_lacks_much_fails() -> None:
    assert told(decided(replication(sender(behind=65 * MIB)))) == [
        ("fail", "standby replica-1", "it lacks 65Mi")
    ]


def test_a_standby_that_replays_late_fails_however_little_it_lacks() -> None:
    assert outcomes(decided(replication(sender(behind=10, lag=45.0)))) == ["fail"]


def test_of_those_that_share_a_name_the_worst_counts() -> None:
    facts = replication(sender(application="walreceiver"), sender(application="walreceiver", behind=2**40))
    assert outcomes(decided(facts)) == ["fail"]


@pytest.mark.parametrize("others", [(), (sender(),)])
def test_a_standby_whose_distance_is_hidden_is_not_close(others: tuple[Sender, ...]) -> None:
    assert outcomes(decided(replication(sender(behind=None), *others))) == ["unknown"]


@pytest.mark.parametrize(
    ("slot", "outcome"),
    [
        (Slot(name="s1", active=True, retained=5 * 2**30, status="extended"), ["fail"]),
        (Slot(name="s1", active=False, retained=5 * 2**30, status="extended"), ["fail"]),
        (Slot(name="s1", active=False, status="lost"), ["fail"]),
        (Slot(name="s1", active=False, retained=16 * MIB, status="reserved"), []),
        (Slot(name="s1", active=False), []),
    ],
)
def test_a_slot_holds_no_more_back_than_it_may(slot: Slot, outcome: list[str]) -> None:
    assert outcomes(decided(replication(STREAMS, slots=(slot,)))) == outcome


@pytest.mark.parametrize(
    ("archiver", "outcome"),
    [
        (ON, []),
        (Archiver(mode="on", since=ago(days=9)), ["unknown"]),
        (Archiver(mode="on", since=ago(minutes=9)), []),
        (Archiver(mode="on", last_archived=ago(hours=2), last_failed=ago(minutes=1)), ["fail"]),
        (Archiver(mode="on", last_archived=ago(minutes=2), last_failed=ago(minutes=1)), []),
        (Archiver(mode="on", last_archived=ago(minutes=2), last_failed=ago(hours=1)), []),
        (Archiver(mode="always", since=ago(days=9), last_failed=ago(minutes=1)), ["fail"]),
        (Archiver(mode="on", last_failed=ago(minutes=1)), ["unknown"]),
    ],
)
def test_the_archive_may_fail_for_a_while(archiver: Archiver, outcome: list[str]) -> None:
    """A quiet server archives nothing for hours; only one that fails is behind."""
    assert outcomes(decided(replication(STREAMS, archiver=archiver))) == outcome


RECEIVES = Receiver(status="streaming", behind=0)


def of_standby(receiver: Receiver) -> list[tuple[str, str, str]]:
    return told(decided(replication(standby=True, receiver=receiver), standby=True))


def test_a_standby_that_streams_passes() -> None:
    assert of_standby(RECEIVES) == []


@pytest.mark.parametrize(
    ("receiver", "outcome", "says"),
    [
        (Receiver(behind=0), "fail", "it receives nothing: the link to its primary is cut"),
        (
            Receiver(status="streaming", behind=0, paused=True),
            "fail",
            "replay is paused: what it receives is not in its data",
        ),
        (
            Receiver(status="streaming", behind=65 * MIB),
            "fail",
            "it has still to replay 65Mi",
        ),
        (Receiver(status="streaming"), "unknown", "how much it has still to replay is not told"),
    ],
)
def test_a_standby_that_falls_behind_says_so(receiver: Receiver, outcome: str, says: str) -> None:
    assert of_standby(receiver) == [(outcome, "database postgres", says)]


def test_a_standby_in_place_of_the_primary_decides_nothing() -> None:
    assert outcomes(decided(replication(standby=True, receiver=RECEIVES))) == ["unknown"]


def test_a_standby_that_was_promoted_is_none() -> None:
    """A replica that is its own master."""
    assert outcomes(decided(replication(STREAMS), standby=True)) == ["unknown"]


def test_a_role_that_sees_too_little_decides_nothing() -> None:
    assert outcomes(decided(replication(STREAMS, complete=False))) == ["unknown"]
