"""moto, a stand-in for Amazon's APIs: the enterprise platform's database, cache and load balancer.

It accepts any keys, so that it proves no login and no missing right: those are refused by rule (`aws_server.py`), and
what it cannot be (a status, an old backup) is written into its answers. It has no jobs and no recovery points of AWS Backup.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.testbed import place, process
from tests.testbed.services import secrets

NAME, REGION, ACCOUNT = "aws", "eu-west-1", "123456789012"
DATABASE = CACHE = "anomaly-detection"
BALANCER = "platform"
CERTIFICATE = f"arn:aws:iam::{ACCOUNT}:server-certificate/platform"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def folder() -> Path:
    return place.state() / NAME


def endpoint() -> str:
    return f"http://{place.HOST}:{place.PORTS[NAME]}"


def up() -> None:
    if process.running(NAME) is None:
        start()
        fill()


def down() -> None:
    process.stop(NAME, within=5.0)


def reset() -> None:
    """As it was, with backups of now."""
    down()
    _rules().unlink(missing_ok=True)
    up()


def start() -> None:
    """The server, with nothing in the account."""
    folder().mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "tests.testbed.services.aws_server",
        str(place.PORTS[NAME]),
        str(_rules()),
    ]
    process.start(NAME, command, cwd=Path(__file__).parents[3])
    process.await_that("the stand-in for AWS", _answers)


def _answers() -> bool:
    try:
        client("sts").get_caller_identity()
    except (ClientError, BotoCoreError):
        return False
    return True


def client(service: str) -> Any:
    return _client(service, endpoint(), secrets.password("aws-access"), secrets.password("aws-secret"))


@cache
def _client(service: str, url: str, access: str, secret: str) -> Any:
    return botocore.session.Session().create_client(
        service, region_name=REGION, endpoint_url=url, aws_access_key_id=access, aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def settings(**more: Any) -> dict[str, Any]:
    """What an environment says of it."""
    secrets.password("aws-access"), secrets.password("aws-secret")
    return {
        "region": REGION,
        "endpoint": endpoint(),
        "access_key": {"file": str(secrets.folder() / "aws-access.password")},
        "secret_key": {"file": str(secrets.folder() / "aws-secret.password")},
        **more,
    }


def fill() -> None:
    """A healthy account; the database has its first automated snapshot with its creation."""
    client("rds").create_db_instance(
        DBInstanceIdentifier=DATABASE, DBInstanceClass="db.m6g.large", Engine="postgres", EngineVersion="16.3",
        AllocatedStorage=100, MultiAZ=True, StorageEncrypted=True, BackupRetentionPeriod=7,
        MasterUsername="platform", MasterUserPassword=secrets.password("aws-database"),
        PreferredBackupWindow="02:00-02:30", PreferredMaintenanceWindow="sun:04:00-sun:04:30",
    )  # fmt: skip
    client("elasticache").create_replication_group(
        ReplicationGroupId=CACHE, ReplicationGroupDescription="cache", Engine="redis", CacheNodeType="cache.m6g.large",
        ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True, MultiAZEnabled=True, AtRestEncryptionEnabled=True,
    )  # fmt: skip
    _fill_balancer()


def _fill_balancer() -> None:
    network, elb = client("ec2"), client("elbv2")
    subnets = network.describe_subnets()["Subnets"][:2]
    vpc = subnets[0]["VpcId"]
    made = elb.create_load_balancer(Name=BALANCER, Subnets=[one["SubnetId"] for one in subnets])
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name=BALANCER, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(
        TargetGroupArn=group_arn, Targets=[{"Id": f"10.0.0.{each}", "Port": 8080} for each in (10, 11)]
    )
    elb.create_listener(
        LoadBalancerArn=arn, Protocol="HTTPS", Port=443, SslPolicy=POLICY,
        Certificates=[{"CertificateArn": CERTIFICATE}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )  # fmt: skip
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "redirect", "RedirectConfig": redirect}],
    )


# Ways to be wrong: each undoes itself exactly.


def _rules() -> Path:
    return folder() / "rules.json"


@contextmanager
def _ruled(*rules: dict[str, Any]) -> Iterator[None]:
    _write([*_read(), *rules])
    try:
        yield
    finally:
        _write([one for one in _read() if one not in rules])


def _read() -> list[dict[str, Any]]:
    return json.loads(_rules().read_text()) if _rules().exists() else []


def _write(rules: list[dict[str, Any]]) -> None:
    fresh = _rules().with_suffix(f".{os.getpid()}.new")
    fresh.write_text(json.dumps(rules))
    fresh.replace(_rules())


@contextmanager
def says(action: str, **changes: str) -> Iterator[None]:
    """The answers to an action have other values: `says("DescribeDBInstances", MultiAZ="false")`; each, everywhere."""
    rules = [
        {
            "action": action,
            "pattern": f"<{name}>[^<]*</{name}>",
            "by": f"<{name}>{value}</{name}>",
            "count": 0,
        }
        for name, value in changes.items()
    ]
    with _ruled(*rules):
        yield


@contextmanager
def rewritten(action: str, pattern: str, by: str, count: int = 1) -> Iterator[None]:
    """What a pattern matches in the answers to an action is something else."""
    with _ruled({"action": action, "pattern": pattern, "by": by, "count": count}):
        yield


@contextmanager
def refuses(
    action: str, code: str, status: str = "403 Forbidden", times: int | None = None
) -> Iterator[None]:
    """An action is refused by that code."""
    with _ruled({"action": action, "code": code, "status": status, "times": times}):
        yield


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing listens on the port."""
    down()
    try:
        yield
    finally:
        up()


def ago(**units: float) -> str:
    """A moment, as the APIs write it."""
    return f"{datetime.now(timezone.utc) - timedelta(**units):%Y-%m-%dT%H:%M:%S.000Z}"
