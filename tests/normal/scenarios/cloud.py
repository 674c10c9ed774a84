"""What AWS does by itself on ordinary days: backups, maintenance, replicas and targets that come and go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tests.faults.scenario import Changes, passes, scenario, transition
from tests.testbed.services import aws

GROUP = "backups"
FIRST = r"(<DBSnapshot>.*?</DBSnapshot>)"


@scenario(
    "the database is in its maintenance window, and a snapshot is being made",
    situation="ordinary",
    group=GROUP,
)
def maintenance() -> Iterator[Changes]:
    """The snapshot before it counts until it is whole."""
    now = datetime.now(timezone.utc)
    begins, ends = now - timedelta(minutes=5), now + timedelta(minutes=25)
    window = f"{begins:%a:%H:%M}-{ends:%a:%H:%M}".lower()
    with (
        aws.says("DescribeDBInstances", DBInstanceStatus="maintenance", PreferredMaintenanceWindow=window),
        aws.rewritten("DescribeDBSnapshots", FIRST, r"\1" + _being_made()),
    ):
        yield {
            "EP-004": transition(
                "critical", f"DB instance {aws.DATABASE}", message="its status is maintenance"
            ),
            "EP-108": passes(),
            "EP-110": passes(),
        }


def _being_made() -> str:
    return (
        "<DBSnapshot><DBSnapshotIdentifier>rds:being-made</DBSnapshotIdentifier><SnapshotType>automated</SnapshotType>"
        f"<DBInstanceIdentifier>{aws.DATABASE}</DBInstanceIdentifier><Status>creating</Status>"
        "<Encrypted>true</Encrypted></DBSnapshot>"
    )


@scenario(
    "a replica is being added to the cache, and AWS asks us once to wait", situation="ordinary", group=GROUP,
    proves=("cache/reachable",),
)  # fmt: skip
def growing() -> Iterator[Changes]:
    with (
        aws.says("DescribeReplicationGroups", Status="modifying"),
        aws.refuses("DescribeReplicationGroups", "Throttling", "400 Bad Request", times=1),
    ):
        yield {"EP-005": passes()}


@scenario(
    "the load balancer's targets are replaced one by one", situation="ordinary", group=GROUP,
    proves=("certificates/load-balancer",),
)  # fmt: skip
def replaced() -> Iterator[Changes]:
    fresh = "<State>initial</State><Reason>Elb.RegistrationInProgress</Reason>"
    with aws.rewritten("DescribeTargetHealth", "<State>healthy</State>", fresh):
        yield {"EP-011": passes()}
