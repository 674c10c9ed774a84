"""The operations that are asked of Amazon's APIs, and no others: all of them read."""

from __future__ import annotations

from dataclasses import dataclass

# botocore's name of a service -> how IAM's actions of it begin
_PREFIXES = {"elbv2": "elasticloadbalancing"}


@dataclass(frozen=True)
class Operation:
    """One operation.

    Args:
        service: botocore's name of the service.
        action: the operation's name, which IAM's action has, too.
        method: what botocore's client calls it.
        told: the key that every answer has.
        page: what a request for the next page names it by; empty: there are no pages.
        more: the key of an answer that names the next page.
        document: whether the answer is XML, whose root is named after the operation.
    """

    service: str
    action: str
    method: str
    told: str
    page: str = ""
    more: str = ""
    document: bool = True

    @property
    def right(self) -> str:
        """IAM's action."""
        return f"{_PREFIXES.get(self.service, self.service)}:{self.action}"

    @property
    def root(self) -> str:
        return f"{self.action}Response" if self.document else ""


IDENTITY = Operation("sts", "GetCallerIdentity", "get_caller_identity", "Account")
INSTANCES = Operation(
    "rds", "DescribeDBInstances", "describe_db_instances", "DBInstances", "Marker", "Marker"
)
CLUSTERS = Operation("rds", "DescribeDBClusters", "describe_db_clusters", "DBClusters", "Marker", "Marker")
SNAPSHOTS = Operation(
    "rds", "DescribeDBSnapshots", "describe_db_snapshots", "DBSnapshots", "Marker", "Marker"
)
CLUSTER_SNAPSHOTS = Operation(
    "rds",
    "DescribeDBClusterSnapshots",
    "describe_db_cluster_snapshots",
    "DBClusterSnapshots",
    "Marker",
    "Marker",
)
EVENTS = Operation("rds", "DescribeEvents", "describe_events", "Events", "Marker", "Marker")
GROUPS = Operation(
    "elasticache",
    "DescribeReplicationGroups",
    "describe_replication_groups",
    "ReplicationGroups",
    "Marker",
    "Marker",
)
BALANCERS = Operation(
    "elbv2", "DescribeLoadBalancers", "describe_load_balancers", "LoadBalancers", "Marker", "NextMarker"
)
LISTENERS = Operation("elbv2", "DescribeListeners", "describe_listeners", "Listeners", "Marker", "NextMarker")
POLICIES = Operation(
    "elbv2", "DescribeSSLPolicies", "describe_ssl_policies", "SslPolicies", "Marker", "NextMarker"
)
TARGET_GROUPS = Operation(
    "elbv2", "DescribeTargetGroups", "describe_target_groups", "TargetGroups", "Marker", "NextMarker"
)
HEALTH = Operation("elbv2", "DescribeTargetHealth", "describe_target_health", "TargetHealthDescriptions")
JOBS = Operation(
    "backup", "ListBackupJobs", "list_backup_jobs", "BackupJobs", "NextToken", "NextToken", document=False
)
POINTS = Operation(
    "backup", "ListRecoveryPointsByBackupVault", "list_recovery_points_by_backup_vault", "RecoveryPoints", "NextToken",
    "NextToken", document=False,
)  # fmt: skip
