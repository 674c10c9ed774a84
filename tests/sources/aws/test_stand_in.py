"""An account of moto, which stands in for Amazon's APIs: it accepts any key, so that it proves no login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from opsproof.sources.aws.collector import AwsCollector
from opsproof.sources.aws.facts.balancers import LoadBalancerOf
from opsproof.sources.aws.facts.caches import ReplicationGroupOf
from opsproof.sources.aws.facts.databases import DatabaseBackupsOf, DatabaseOf
from opsproof.testing.links import RecordingLink, target_of

pytestmark = pytest.mark.slow
REGION, ACCOUNT = "eu-west-1", "123456789012"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(service: str, url: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="any",
        aws_secret_access_key="any-secret",
    )


def asked(ask: Any, url: str, folder: Path) -> Any:
    key = folder / "key"
    key.write_text("moto-takes-any-key")
    keys = {"access_key": {"file": str(key)}, "secret_key": {"file": str(key)}}
    target = target_of("aws", region=REGION, endpoint=url, **keys)
    collector = AwsCollector(target)
    if ask is None:
        return collector.identify(RecordingLink(target))
    return collector.collect(ask, RecordingLink(target))


def test_the_account(url: str, tmp_path: Path) -> None:
    assert {"account": ACCOUNT} == asked(None, url, tmp_path).identity


def test_an_instance_with_its_automated_snapshot(url: str, tmp_path: Path) -> None:
    client("rds", url).create_db_instance(
        DBInstanceIdentifier="shop", DBInstanceClass="db.m6g.large", Engine="postgres", EngineVersion="16.3",
        AllocatedStorage=20, MultiAZ=True, StorageEncrypted=True, BackupRetentionPeriod=7, MasterUsername="shop",
        MasterUserPassword="not-kept-4711",
    )  # fmt: skip
    found = asked(DatabaseOf(target="x", name="shop"), url, tmp_path)
    assert ("available", True, 7, None) == (found.status, found.multi_az, found.retention, found.cluster)
    backups = asked(DatabaseBackupsOf(target="x", name="shop"), url, tmp_path)
    assert [("automated", "available", True)] == [
        (one.kind, one.status, one.encrypted) for one in backups.whole
    ]
    assert "not-kept-4711" not in repr(backups)


def test_a_cluster_and_its_members(url: str, tmp_path: Path) -> None:
    rds = client("rds", url)
    rds.create_db_cluster(
        DBClusterIdentifier="ledger",
        Engine="aurora-postgresql",
        MasterUsername="ledger",
        MasterUserPassword="x" * 9,
    )
    for number in (1, 2):
        rds.create_db_instance(
            DBInstanceIdentifier=f"ledger-{number}", DBInstanceClass="db.r6g.large", Engine="aurora-postgresql",
            DBClusterIdentifier="ledger", AvailabilityZone=f"{REGION}{'ab'[number - 1]}",
        )  # fmt: skip
    found = asked(DatabaseOf(target="x", name="ledger-1"), url, tmp_path).cluster
    assert ("ledger", {"ledger-1", "ledger-2"}) == (found.name, set(found.members))


def test_what_is_not_there(url: str, tmp_path: Path) -> None:
    for ask in (DatabaseOf, ReplicationGroupOf, LoadBalancerOf):
        assert not asked(ask(target="x", name="nowhere"), url, tmp_path).found, ask


def test_a_replication_group(url: str, tmp_path: Path) -> None:
    client("elasticache", url).create_replication_group(
        ReplicationGroupId="sessions", ReplicationGroupDescription="x", Engine="redis", ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True, MultiAZEnabled=True, CacheNodeType="cache.m6g.large",
    )  # fmt: skip
    found = asked(ReplicationGroupOf(target="x", name="sessions"), url, tmp_path)
    assert ("available", "enabled", [2]) == (
        found.status,
        found.failover,
        [len(one.nodes) for one in found.shards],
    )


def test_a_load_balancer(url: str, tmp_path: Path) -> None:
    network, elb = client("ec2", url), client("elbv2", url)
    subnets = network.describe_subnets()["Subnets"][:2]
    made = elb.create_load_balancer(Name="shop", Subnets=[one["SubnetId"] for one in subnets])[
        "LoadBalancers"
    ][0]
    group = elb.create_target_group(
        Name="shop", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], TargetType="ip"
    )
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group_arn, Targets=[{"Id": "10.0.0.1", "Port": 80}])
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTPS", Port=443, SslPolicy="ELBSecurityPolicy-2016-08",
        Certificates=[{"CertificateArn": f"arn:aws:iam::{ACCOUNT}:server-certificate/shop"}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )  # fmt: skip
    found = asked(LoadBalancerOf(target="x", name="shop"), url, tmp_path)
    assert [("HTTPS", True)] == [(one.protocol, "TLSv1" in one.protocols) for one in found.listeners]
    assert [["healthy"]] == [[one.state for one in group.targets] for group in found.groups]
