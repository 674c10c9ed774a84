"""A server that speaks like Amazon's APIs, as far as they are asked."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from opsproof.testing import faulty
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Said
from opsproof.testing.web import Web

NAME, ACCOUNT = "shop", "123456789012"
TIME = "2026-01-31T03:00:00.000Z"
Answer = Callable[[str, dict[str, str]], bytes]


def document(action: str, inside: str) -> str:
    """An answer of the query protocol."""
    return (
        f'<{action}Response xmlns="http://api.amazonaws.com/doc/"><{action}Result>{inside}</{action}Result>'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    )


def error(code: str) -> bytes:
    """What a refusal looks like there."""
    text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return text.encode()


def instance(text: str = "postgres", **more: str) -> str:
    """One DB instance; `more` are its other elements."""
    told = {
        "DBInstanceIdentifier": NAME, "DBInstanceStatus": "available", "Engine": escape(text), "MultiAZ": "true",
        "AvailabilityZone": "eu-west-1a", "StorageEncrypted": "true", "BackupRetentionPeriod": "7",
        "InstanceCreateTime": TIME, "LatestRestorableTime": TIME, "PendingModifiedValues": "",
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30", **more,
    }  # fmt: skip
    return (
        "<DBInstance>" + "".join(f"<{key}>{value}</{key}>" for key, value in told.items()) + "</DBInstance>"
    )


def instances(*found: str, marker: str = "") -> str:
    more = f"<Marker>{marker}</Marker>" if marker else ""
    return document("DescribeDBInstances", f"<DBInstances>{''.join(found)}</DBInstances>{more}")


def snapshot(
    name: str, at: str = TIME, kind: str = "automated", status: str = "available", encrypted: str = "true"
) -> str:
    made = f"<SnapshotCreateTime>{at}</SnapshotCreateTime>" if at else ""
    return (
        f"<DBSnapshot><DBSnapshotIdentifier>{escape(name)}</DBSnapshotIdentifier><SnapshotType>{kind}</SnapshotType>"
        f"<Status>{status}</Status>{made}<Encrypted>{encrypted}</Encrypted></DBSnapshot>"
    )


def snapshots(*found: str, marker: str = "") -> str:
    more = f"<Marker>{marker}</Marker>" if marker else ""
    return document("DescribeDBSnapshots", f"<DBSnapshots>{''.join(found)}</DBSnapshots>{more}")


def group(text: str = "eu-west-1a", nodes: int = 2, **more: str) -> str:
    members = "".join(
        f"<NodeGroupMember><CacheClusterId>{NAME}-{number}</CacheClusterId>"
        f"<PreferredAvailabilityZone>{escape(text)}</PreferredAvailabilityZone></NodeGroupMember>"
        for number in range(nodes)
    )
    told = {
        "ReplicationGroupId": NAME,
        "Status": "available",
        "AutomaticFailover": "enabled",
        "MultiAZ": "enabled",
        **more,
    }
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in told.items())
    shard = f"<NodeGroup><NodeGroupId>0001</NodeGroupId><NodeGroupMembers>{members}</NodeGroupMembers></NodeGroup>"
    found = f"<ReplicationGroup>{inside}<NodeGroups>{shard}</NodeGroups></ReplicationGroup>"
    return document("DescribeReplicationGroups", f"<ReplicationGroups>{found}</ReplicationGroups>")


def balancer(text: str = "application") -> dict[str, str]:
    """What is told of a load balancer, by action."""
    arn, redirect = "arn:aws:elb:lb", "<RedirectConfig><Protocol>HTTPS</Protocol></RedirectConfig>"
    return {
        "DescribeLoadBalancers": document(
            "DescribeLoadBalancers",
            f"<LoadBalancers><member><LoadBalancerName>{NAME}</LoadBalancerName><LoadBalancerArn>{arn}</LoadBalancerArn>"
            f"<Type>{escape(text)}</Type><State><Code>active</Code></State></member></LoadBalancers>",
        ),
        "DescribeListeners": document(
            "DescribeListeners",
            "<Listeners><member><Port>443</Port><Protocol>HTTPS</Protocol><SslPolicy>modern</SslPolicy>"
            "<DefaultActions><member><Type>forward</Type></member></DefaultActions></member>"
            f"<member><Port>80</Port><Protocol>HTTP</Protocol><DefaultActions><member><Type>redirect</Type>{redirect}"
            "</member></DefaultActions></member></Listeners>",
        ),
        "DescribeSSLPolicies": document(
            "DescribeSSLPolicies",
            "<SslPolicies><member><Name>modern</Name><SslProtocols><member>TLSv1.3</member><member>TLSv1.2</member>"
            "</SslProtocols></member></SslPolicies>",
        ),
        "DescribeTargetGroups": document(
            "DescribeTargetGroups",
            "<TargetGroups><member><TargetGroupName>web</TargetGroupName><TargetGroupArn>arn:tg</TargetGroupArn></member>"
            "</TargetGroups>",
        ),
        "DescribeTargetHealth": document(
            "DescribeTargetHealth",
            "<TargetHealthDescriptions><member><Target><Id>10.0.0.1</Id><Port>8080</Port></Target>"
            f"<TargetHealth><State>healthy</State><Reason>{escape(text)}</Reason></TargetHealth></member>"
            "</TargetHealthDescriptions>",
        ),
    }


def vault(text: str = "arn:aws:rds:db:shop") -> dict[str, str]:
    """What AWS Backup tells of a vault, by action. It writes moments as numbers."""
    began = datetime(2026, 1, 31, 3, tzinfo=timezone.utc).timestamp()
    point = {"ResourceArn": text, "Status": "COMPLETED", "CreationDate": began, "IsEncrypted": True}
    job = {"ResourceArn": text, "State": "COMPLETED", "CreationDate": began}
    return {
        "ListRecoveryPointsByBackupVault": json.dumps({"RecoveryPoints": [point]}),
        "ListBackupJobs": json.dumps({"BackupJobs": [job]}),
    }


def told(text: str) -> dict[str, str]:
    """A healthy account, with a text wherever somebody is free to choose one."""
    return {
        "GetCallerIdentity": document(
            "GetCallerIdentity", f"<Account>{ACCOUNT}</Account><Arn>{escape(text)}</Arn><UserId>A</UserId>"
        ),
        "DescribeDBInstances": instances(instance(text)),
        "DescribeDBSnapshots": snapshots(snapshot(f"rds:{text}")),
        **{
            f"Describe{what}": document(f"Describe{what}", f"<{what}/>")
            for what in ("DBClusters", "DBClusterSnapshots", "Events")
        },
        "DescribeReplicationGroups": group(text),
        **balancer(text),
        **vault(text),
    }


def answering(said: Said) -> Answer:
    found = told(said.text)

    def answer(action: str, words: dict[str, str]) -> bytes:
        date = f"Date: {format_datetime((said.clock or datetime.now(timezone.utc)), usegmt=True)}"
        return faulty.http(found[action].encode("utf-8", "surrogatepass"), date)

    return answer


def speaking(answer: Answer) -> Behaviour:
    """Answer each request of a connection by its action and words."""

    def behave(connection: socket.socket) -> None:
        buffered = b""
        while True:
            while b"\r\n\r\n" not in buffered:
                more = connection.recv(65536)
                if not more:
                    return
                buffered += more
            head, _, buffered = buffered.partition(b"\r\n\r\n")
            length = _length(head)
            while len(buffered) < length:
                more = connection.recv(65536)
                if not more:
                    return
                buffered += more
            body, buffered = buffered[:length], buffered[length:]
            connection.sendall(answer(*_asked(head, body)))

    return behave


def _length(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lines[0].partition(b":")[2]) if lines else 0


def _asked(head: bytes, body: bytes) -> tuple[str, dict[str, str]]:
    words = {key: values[0] for key, values in parse_qs(body.decode("latin-1")).items()}
    if "Action" in words:
        return words["Action"], words
    path, _, query = head.split(b" ", 2)[1].decode("latin-1").partition("?")
    action = "ListBackupJobs" if path.startswith("/backup-jobs") else "ListRecoveryPointsByBackupVault"
    return action, {key: values[0] for key, values in parse_qs(query).items()}


class Aws(Web):
    """The protocols: forms that are POSTed and answered in XML, and JSON."""

    def __init__(self) -> None:
        super().__init__(lambda text: {})

    def good(self, said: Said) -> Behaviour:
        return speaking(answering(said))
