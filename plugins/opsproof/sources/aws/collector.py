"""Asks Amazon's APIs: each thing by its name, and all pages of what it has. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotFound
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.aws import api
from opsproof.sources.aws.api import Operation
from opsproof.sources.aws.facts.balancers import Listener, LoadBalancer, LoadBalancerOf, TargetGroup
from opsproof.sources.aws.facts.caches import ReplicationGroup, ReplicationGroupOf
from opsproof.sources.aws.facts.databases import (
    Cluster,
    Database,
    DatabaseBackups,
    DatabaseBackupsOf,
    DatabaseOf,
)
from opsproof.sources.aws.facts.vaults import DAYS, Vault, VaultOf
from opsproof.sources.aws.reading import balancers, caches, databases, vaults
from opsproof.sources.aws.reading.values import moment, needed, part, text
from opsproof.sources.aws.settings import ACCOUNT
from opsproof.sources.aws.wire import Wire
from opsproof.transport import certificate
from opsproof.transport.link import Link

_NOBODY = "opsproof-is-not-there"
_NO_ARN = "arn:aws:elasticloadbalancing:{region}:000000000000:{what}/opsproof/0000000000000000"
_AVAILABLE = "available"
_RECENT = 60  # minutes of events
_FEWEST = 20  # of what is listed to see whether it may be
# Asked for what is not there: that the API says so, or finds the name odd, is a right that is given.
_NAMING = frozenset({api.LISTENERS, api.HEALTH, api.POINTS})


class AwsCollector:
    """One region of an account."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.wire = Wire(target)

    def collect(self, ask: Ask, link: Link) -> Any:
        readers: Mapping[type, Callable[[Any, Link], Any]] = {
            DatabaseOf: lambda one, link: self._database(one.name, link, events=True),
            DatabaseBackupsOf: lambda one, link: self._backups(one.name, link),
            ReplicationGroupOf: lambda one, link: self._group(one.name, link),
            LoadBalancerOf: lambda one, link: self._balancer(one.name, link),
            VaultOf: lambda one, link: self._vault(one.name, link),
        }
        reader = readers.get(type(ask))
        if reader is None:
            raise BadAnswer(f"AWS cannot answer {type(ask).__name__}", target=self.target.id)
        return self._read(lambda: reader(ask, link))

    def identify(self, link: Link) -> TargetReport:
        settings = self.target.settings
        told = self.wire.call(api.IDENTITY, link)
        identity = {ACCOUNT: self._read(lambda: needed(told, "Account"))}
        if settings.endpoint is not None:
            identity |= certificate.declared(settings.endpoint, link, ca=settings.ca)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=identity,
            declared=dict(self.target.identity),
            authenticated_as=self._read(lambda: text(told, "Arn")),
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What is refused, found by asking for things that need not be there."""
        probes = self._probes(link)
        return [need for need in needs if not self._may(*probes[need.verb], link)]

    def close(self) -> None:
        self.wire.close()

    def _may(self, operation: Operation, words: Mapping[str, Any], link: Link) -> bool:
        try:
            self.wire.call(operation, link, **words)
        except Forbidden:
            return False
        except (NotFound, BadAnswer):
            if operation not in _NAMING:
                raise
        return True

    def _probes(self, link: Link) -> Mapping[str, tuple[Operation, dict[str, Any]]]:
        region = self.target.settings.region
        few = {"MaxRecords": _FEWEST}
        found: tuple[tuple[Operation, dict[str, Any]], ...] = (
            (api.IDENTITY, {}), (api.INSTANCES, few), (api.CLUSTERS, few), (api.SNAPSHOTS, few),
            (api.CLUSTER_SNAPSHOTS, few), (api.EVENTS, few), (api.GROUPS, few),
            (api.BALANCERS, {"PageSize": 1}), (api.POLICIES, {"PageSize": 1}), (api.TARGET_GROUPS, {"PageSize": 1}),
            (api.LISTENERS, {"LoadBalancerArn": _NO_ARN.format(region=region, what="loadbalancer/app")}),
            (api.HEALTH, {"TargetGroupArn": _NO_ARN.format(region=region, what="targetgroup")}),
            (api.JOBS, {"MaxResults": 1}), (api.POINTS, {"BackupVaultName": _NOBODY, "MaxResults": 1}),
        )  # fmt: skip
        return {operation.right: (operation, words) for operation, words in found}

    def _read(self, reading: Callable[[], Any]) -> Any:
        """What cannot be right in an answer says whose answer it was."""
        try:
            return reading()
        except CollectionError as error:
            error.target = error.target or self.target.id
            raise

    def _one(self, operation: Operation, name: str, key: str, link: Link, **words: Any) -> Any:
        """The thing of that name; None: there is none. Another thing than was asked for is no answer."""
        found = list(self.wire.listed(operation, link, absent=True, **words))
        if not found:
            return None
        named = [one for one in found if needed(part(one), key).lower() == name.lower()]
        if len(found) != 1 or not named:
            raise BadAnswer(
                f"{operation.action} tells {len(found)} things, and {len(named)} are {cut(name, 64)}"
            )
        return named[0]

    # -- RDS -------------------------------------------------------------------------------------------

    def _database(self, name: str, link: Link, *, events: bool = False) -> Database:
        told = self._one(api.INSTANCES, name, "DBInstanceIdentifier", link, DBInstanceIdentifier=name)
        if told is None:
            return Database(name=name, found=False)
        cluster = self._cluster(databases.cluster_of(told), link)
        changed = None
        if events and {databases.status_of(told), cluster.status if cluster else _AVAILABLE} != {_AVAILABLE}:
            changed = self._changed(name, cluster, link)
        return databases.database(told, cluster, changed)

    def _cluster(self, name: str, link: Link) -> Cluster | None:
        """Raises BadAnswer: an instance names it, and it is not there."""
        if not name:
            return None
        told = self._one(api.CLUSTERS, name, "DBClusterIdentifier", link, DBClusterIdentifier=name)
        if told is None:
            raise BadAnswer(f"its cluster {name} is not there")
        return databases.cluster(told)

    def _changed(self, name: str, cluster: Cluster | None, link: Link) -> datetime | None:
        """Nothing is excused by events that we may not see."""
        sources = [("db-instance", name), *([("db-cluster", cluster.name)] if cluster else ())]
        events: list[Any] = []
        for kind, source in sources:
            words = {"SourceIdentifier": source, "SourceType": kind, "Duration": _RECENT}
            try:
                events += self.wire.listed(api.EVENTS, link, **words)
            except (Forbidden, NotFound):
                continue
        return databases.newest_event(events)

    def _backups(self, name: str, link: Link) -> DatabaseBackups:
        found = self._database(name, link)
        if not found.found:
            return DatabaseBackups(database=found)
        if found.cluster is not None:
            listed = self.wire.listed(api.CLUSTER_SNAPSHOTS, link, DBClusterIdentifier=found.cluster.name)
        else:
            listed = self.wire.listed(api.SNAPSHOTS, link, DBInstanceIdentifier=name)
        return DatabaseBackups(database=found, snapshots=databases.snapshots(listed))

    # -- ElastiCache -----------------------------------------------------------------------------------

    def _group(self, name: str, link: Link) -> ReplicationGroup:
        told = self._one(api.GROUPS, name, "ReplicationGroupId", link, ReplicationGroupId=name)
        return caches.group(told) if told is not None else ReplicationGroup(name=name, found=False)

    # -- Elastic Load Balancing ------------------------------------------------------------------------

    def _balancer(self, name: str, link: Link) -> LoadBalancer:
        told = self._one(api.BALANCERS, name, "LoadBalancerName", link, Names=[name])
        if told is None:
            return LoadBalancer(name=name, found=False)
        arn, unseen = needed(told, "LoadBalancerArn"), list[str]()
        listeners = _seen(lambda: self._listeners(arn, link), unseen)
        groups = _seen(lambda: self._groups(arn, link), unseen)
        state = told.get("State")
        return LoadBalancer(
            name=name,
            state=text(part(state), "Code") if state is not None else "",
            kind=text(told, "Type"),
            created=moment(told, "CreatedTime"),
            listeners=listeners,
            groups=groups,
            unseen=tuple(unseen),
        )

    def _listeners(self, arn: str, link: Link) -> tuple[Listener, ...]:
        found = list(self.wire.listed(api.LISTENERS, link, LoadBalancerArn=arn))
        named = sorted({policy for one in found if (policy := text(part(one), "SslPolicy"))})
        protocols = balancers.policies(self.wire.listed(api.POLICIES, link, Names=named)) if named else {}
        return tuple(balancers.listener(one, protocols) for one in found)

    def _groups(self, arn: str, link: Link) -> tuple[TargetGroup, ...]:
        found = [part(one) for one in self.wire.listed(api.TARGET_GROUPS, link, LoadBalancerArn=arn)]
        return tuple(
            balancers.targets(
                needed(one, "TargetGroupName"),
                self.wire.listed(api.HEALTH, link, TargetGroupArn=needed(one, "TargetGroupArn")),
            )
            for one in found
        )

    # -- AWS Backup ------------------------------------------------------------------------------------

    def _vault(self, name: str, link: Link) -> Vault:
        since = datetime.now(timezone.utc) - timedelta(days=DAYS)
        words: dict[str, Any] = {"ByCreatedAfter": since.replace(microsecond=0)}
        points = vaults.points(self.wire.listed(api.POINTS, link, BackupVaultName=name, **words))
        jobs = vaults.jobs(self.wire.listed(api.JOBS, link, ByBackupVaultName=name, **words))
        return Vault(name=name, points=points, jobs=jobs)


def _seen(told: Callable[[], Any], unseen: list[str]) -> Any:
    """None for what is refused; which that is, is told."""
    try:
        return told()
    except Forbidden as refused:
        unseen.append(refused.message)
        return None
