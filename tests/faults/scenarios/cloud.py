"""What AWS runs for the enterprise platform, and not as the runbook wants it. On a stand-in for AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.elsewhere import reached
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.faults.scenarios.backups import AWAY, GONE, LATE, SPOILT
from tests.faults.scenarios.servers_answers import GROUP as APPLICATIONS
from tests.faults.scenarios.servers_full import LOCKED
from tests.testbed.services import aws, certificates, nginx

DATABASE, CACHE, BALANCER = aws.DATABASE, aws.CACHE, aws.BALANCER
INSTANCES, SNAPSHOTS, GROUPS = "DescribeDBInstances", "DescribeDBSnapshots", "DescribeReplicationGroups"
OLD_POLICY = "ELBSecurityPolicy-2016-08"


@scenario("the database has no standby in another zone", group=SPOILT)
def one_zone() -> Iterator[Changes]:
    with aws.says(INSTANCES, MultiAZ="false"):
        message = "it has no standby in another zone: Multi-AZ is off"
        yield {"EP-004": fail("critical", f"standby {DATABASE}", measured="one zone", message=message)}


@scenario("AWS throttles whoever asks for caches", situation="slow", group=SPOILT)
def throttled() -> Iterator[Changes]:
    """It is asked again until the deadline, and then nothing is known."""
    with (
        aws.refuses(GROUPS, "Throttling", "400 Bad Request"),
        reached("enterprise-platform", "aws", budget={"deadline": "20s"}),
    ):
        message = "elasticache:DescribeReplicationGroups is throttled, * times until the deadline: *"
        yield {"EP-005": unknown("high", "source elasticache", message=message)}


@scenario(
    "the rights to see databases and the load balancer's targets are gone",
    situation="forbidden",
    group=LOCKED,
)
def forbidden() -> Iterator[Changes]:
    """What may still be seen is decided."""
    with aws.refuses(INSTANCES, "AccessDenied"), aws.refuses("DescribeTargetHealth", "AccessDenied"):
        message = "the right rds:DescribeDBInstances is missing"
        yield {
            "EP-004": unknown("critical", "source rds", message=message),
            "EP-011": unknown(
                "high", f"load balancer {BALANCER}",
                message="the right elasticloadbalancing:DescribeTargetHealth is missing",
            ),
            "EP-108": unknown("critical", "source aws", message=message),
            "EP-110": unknown("high", "source aws", message=message),
        }  # fmt: skip


@scenario("the database's storage is full", group=LATE)
def storage_full() -> Iterator[Changes]:
    with aws.says(INSTANCES, DBInstanceStatus="storage-full"):
        message = "its status is storage-full"
        yield {
            "EP-004": fail("critical", f"DB instance {DATABASE}", measured="storage-full", message=message),
        }


@scenario("the cache has no replica, and is said to fail over by itself all the same", group=LATE)
def no_replica() -> Iterator[Changes]:
    """As a cluster of shards without replicas says."""
    second = r"(<NodeGroupMember>.*?</NodeGroupMember>)\s*<NodeGroupMember>.*?</NodeGroupMember>"
    with aws.rewritten(GROUPS, second, r"\1"):
        message = "1 node: there is no replica to fail over to"
        yield {"EP-005": fail("high", f"shard {CACHE}/0001", measured="0", message=message)}


@scenario("one of the load balancer's targets is unhealthy, and its policy allows TLS 1.0", group=LATE)
def unhealthy() -> Iterator[Changes]:
    sick = "<State>unhealthy</State><Reason>Target.FailedHealthChecks</Reason>"
    with (
        aws.rewritten("DescribeTargetHealth", "<State>healthy</State>", sick),
        aws.says("DescribeListeners", SslPolicy=OLD_POLICY),
    ):
        yield {
            "EP-011": fail(
                "high", f"target {BALANCER}/10.0.0.10:8080", f"listener {BALANCER}/HTTPS:443", message="*"
            ),
        }


@scenario(
    "the database can be brought back to an hour ago at the latest, and its snapshots are readable",
    group=GONE,
)
def late() -> Iterator[Changes]:
    """Its log of changes does not arrive any more; nobody encrypted it."""
    with (
        aws.says(INSTANCES, LatestRestorableTime=aws.ago(hours=1)),
        aws.says(SNAPSHOTS, SnapshotCreateTime=aws.ago(hours=30), Encrypted="false"),
    ):
        yield {
            "EP-108": fail("critical", f"point in time {DATABASE}", f"snapshots {DATABASE}", measured="*h*"),
            "EP-110": fail(
                "high", f"newest snapshot {DATABASE}", measured="available", message="rds:* is not encrypted"
            ),
        }


@scenario("the cache does not fail over by itself any more", group=GONE)
def no_failover() -> Iterator[Changes]:
    with aws.says(GROUPS, AutomaticFailover="disabled"):
        message = "automatic failover is disabled"
        yield {"EP-005": fail("high", f"failover {CACHE}", measured="disabled", message=message)}


@scenario(
    "the load balancer takes what comes in the clear, and its certificate expires in twenty days", group=GONE
)
def in_the_clear() -> Iterator[Changes]:
    redirect = r"<Type>redirect</Type>"
    with (
        aws.rewritten("DescribeListeners", redirect, "<Type>forward</Type>"),
        nginx.showing("platform.example.com", certificates.issue("platform.example.com", days=20)),
    ):
        yield {
            "EP-011": fail(
                "high", f"listener {BALANCER}/HTTP:80", "certificate platform.example.com:443", message="*"
            )
        }


@scenario("there is no database of that name", situation="empty", group=APPLICATIONS)
def absent() -> Iterator[Changes]:
    """Nor a cache, nor a load balancer."""
    with ExitStack() as gone:
        for action, code in (
            (INSTANCES, "DBInstanceNotFound"),
            (GROUPS, "ReplicationGroupNotFoundFault"),
            ("DescribeLoadBalancers", "LoadBalancerNotFound"),
        ):
            gone.enter_context(aws.refuses(action, code, "404 Not Found"))
        message = f"there is no DB instance {DATABASE} in the region"
        yield {
            "EP-004": fail("critical", f"DB instance {DATABASE}", measured="absent", message=message),
            "EP-005": fail("high", f"replication group {CACHE}", measured="absent", message="there is no *"),
            "EP-011": fail("high", f"load balancer {BALANCER}", measured="absent", message="there is no *"),
            "EP-108": fail("critical", f"point in time {DATABASE}", message=message),
            "EP-110": fail("high", f"newest snapshot {DATABASE}", measured="absent", message=message),
        }


@scenario("AWS does not answer", situation="unreachable", group=AWAY)
def unreachable() -> Iterator[Changes]:
    """Nor does the server of the dumps in the same group, of which EP-108 and EP-110 are undecided, too."""
    with aws.stopped():
        refused = "connection refused"
        yield {
            "EP-004": unknown("critical", "source rds", message=refused),
            "EP-005": unknown("high", "source elasticache", message=refused),
            "EP-011": unknown("high", "source load balancers", message=refused),
        }
