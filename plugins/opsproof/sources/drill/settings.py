"""What a drill restores, where to, and how it proves that the data are there."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, PlainValidator, ValidationInfo, model_validator

from opsproof.environment.problems import short
from opsproof.environment.references import located
from opsproof.environment.settings import TargetSettings, host_of
from opsproof.environment.shape import Shape, Text, described, refuse
from opsproof.model.dated import dated
from opsproof.model.target import Target
from opsproof.model.units import Duration
from opsproof.sources.drill.facts import Drill
from opsproof.sources.kubernetes.settings import KubernetesSettings
from opsproof.sources.postgres.settings import PostgresSettings
from opsproof.sources.s3.settings import S3Settings

# What would begin to work: on the queues, databases and hosts that it was told of.
RUNS = (
    "pods", "replicationcontrollers", "replicasets.apps", "deployments.apps", "statefulsets.apps", "daemonsets.apps",
    "jobs.batch", "cronjobs.batch", "ingresses.networking.k8s.io", "horizontalpodautoscalers.autoscaling",
)  # fmt: skip
_SAMPLE = datetime(2031, 11, 28, 13, 45, 59)
_EXAMPLE = "write it like backup-%Y%m%d.sql.gz"


def _pattern(given: str, info: ValidationInfo) -> str:
    """Of a place that is wrong, or of none, nothing is known."""
    if info.data.get("folder") is not None:
        return _of_files(given)
    return _of_objects(given) if info.data.get("bucket") is not None else given


def _of_objects(given: str) -> str:
    dated(given)
    if given.endswith("/"):
        refuse(f"{short(given)} names a folder", "name the object: db/%Y/%m/db-%Y%m%d.sql.gz")
    return given


def _of_files(given: str) -> str:
    try:
        again = datetime.strptime(_SAMPLE.strftime(given), given)
    except (ValueError, re.error):  # one unit twice
        again = None
    if again is None or again.date() != _SAMPLE.date():
        refuse(f"{short(given)} does not tell a day", _EXAMPLE)
    if "/" in given:
        refuse(f"{short(given)} names a folder", f"name the file alone: {_EXAMPLE}")
    return given


def _folder(given: object, info: ValidationInfo) -> str:
    """A path; whether it is there is seen when it is looked into."""
    if not isinstance(given, str) or not given.strip():
        refuse(f"needs a path, found {described(given)}")
    return str(located(given, Path(info.context) if info.context else Path()))


Folder = Annotated[str, PlainValidator(_folder)]


class DumpsShape(Shape):
    """Dumps of pg_dump in a folder or a bucket: plain or custom, gzipped or not; the name tells when each was made, in UTC.

    Args:
        bucket: as a target of kind s3. What identity it declares has to be proven.
        pattern: of a file's name; of an object's whole key, as in rows about backups.
    """

    folder: Folder | None = None
    bucket: S3Settings | None = None
    pattern: Annotated[Text, AfterValidator(_pattern)]

    @model_validator(mode="after")
    def _lie_in_one_place(self) -> DumpsShape:
        if self.folder is not None and self.bucket is not None:
            refuse("folder and bucket are two places", "name the one that the drill restores from")
        if self.folder is None and self.bucket is None:
            refuse("needs folder or bucket")
        return self

    @property
    def place(self) -> str:
        """Where they lie, for people."""
        if self.bucket is None:
            return f"file of {self.folder}"
        identity = ", ".join(f"{name} {value}" for name, value in sorted(self.bucket.identity.items()))
        at = f"at {host_of(self.bucket.url)}"
        return f"object of s3://{self.bucket.bucket} {at}" + (f" ({identity})" if identity else "")

    def named(self, name: str) -> datetime | None:
        """The moment that a name tells, as a record has it; None for one that is not named so."""
        if self.bucket is not None:
            found = dated(self.pattern).named(name.removeprefix(f"s3://{self.bucket.bucket}/"))
            return None if found is None else found.begins
        try:
            return datetime.strptime(name, self.pattern).replace(tzinfo=timezone.utc)
        except ValueError:
            return None


class VeleroShape(Shape):
    """A namespace out of Velero's newest backup of it, restored under a name of the drill's own.

    Args:
        cluster: where Velero restores it, as a target of kind kubernetes. It must declare its kube-system-uid.
        namespace: what is restored.
        velero_in: the namespace of Velero itself.
        leave_out: kinds that are not restored; by default whatever would run or serve.
    """

    cluster: KubernetesSettings
    namespace: Text
    velero_in: Text = "velero"
    leave_out: list[Text] = list(RUNS)

    @property
    def restores(self) -> tuple[str, str, str]:
        """What is restored, wherefrom."""
        return self.cluster.address, self.velero_in, self.namespace


class DrillSettings(TargetSettings):
    """A restore drill: of dumps `into` a server, or of `velero`.

    Args:
        records: the folder where a drill leaves its record, and where rows read it.
        velero: a namespace that Velero restores.
        dumps: what is restored: the newest of them.
        into: the PostgreSQL server that is restored into, as a target of kind postgres. It must declare its
            system-identifier; `database` is where sessions begin, and is left as it is.
        owner: the role that owns the restored database, as it owns the original; else the one that restores.
        template: the database that the new one is made of: one with the extensions that only a superuser makes.
        newest: SQL for the moment of the newest row that is in the data.
        counts: the file or object beside the dump that tells how many rows each table had, with `{name}` for the dump's
            name: a JSON object of numbers by `schema.table`.
        within: how long it may take.
    """

    identities = ()
    addressed_by = ("records",)
    unasked = frozenset({"dumps", "into", "velero"})

    records: Folder
    velero: VeleroShape | None = None
    dumps: DumpsShape | None = None
    into: PostgresSettings | None = None
    owner: Text | None = None
    template: Text = "template0"
    newest: Text | None = None
    counts: Text | None = None
    within: Duration = Duration(4 * 3600)

    @property
    def address(self) -> str:
        return "local"

    @model_validator(mode="after")
    def _restores_one_thing(self) -> DrillSettings:
        of_dumps = {"dumps": self.dumps, "into": self.into, "newest": self.newest}
        given = [name for name, value in of_dumps.items() if value is not None]
        if self.velero is not None and given:
            refuse(f"velero and {given[0]} are two drills", "make a target of each")
        missing = [name for name in of_dumps if name not in given]
        if self.velero is None and missing:
            refuse(f"needs {', '.join(missing)}", "or velero, for a backup of Velero")
        return self

    @model_validator(mode="after")
    def _counts_lie_beside_it(self) -> DrillSettings:
        if self.counts is not None and ("{name}" not in self.counts or "/" in self.counts):
            refuse(
                f"counts {short(self.counts)} is no name beside a dump", "write it like {name}.counts.json"
            )
        return self

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        if path[:1] == ("into",) and self.into is not None:
            return self.into.hosts(path[1:])
        if path[:2] == ("dumps", "bucket") and self.bucket is not None:
            return self.bucket.hosts(path[2:])
        if path[:2] == ("velero", "cluster") and self.velero is not None:
            return self.velero.cluster.hosts(path[2:])
        return ()

    @property
    def bucket(self) -> S3Settings | None:
        return None if self.dumps is None else self.dumps.bucket

    def rights_on(self, target: Target) -> Target:
        """The bucket, where dumps lie in one: records are a folder of this machine."""
        if self.bucket is None:
            return target
        return Target(
            target.role, "s3", f"s3:{self.bucket.address}", self.bucket, identity=self.bucket.identity,
            budget=self.bucket.budget.made(),
        )  # fmt: skip

    def manifest_of(self, name: str) -> str:
        """The name of what is beside a dump and holds its counts; empty: nothing is."""
        return (self.counts or "").replace("{name}", name)

    def confused_with(self, other: DrillSettings) -> bool:
        """Whether records of this one are in the other's folder, and would pass for its own, of something else."""
        if Path(self.records).resolve() != Path(other.records).resolve():
            return False
        if self.velero is not None and other.velero is not None:
            return self.velero.restores != other.velero.restores
        ours, theirs = self.dumps, other.dumps
        if ours is None or theirs is None or ours.folder is None or theirs.folder is None:
            return False  # an object's name tells its bucket
        elsewhere = Path(ours.folder).resolve() != Path(theirs.folder).resolve()
        return elsewhere and theirs.named(_SAMPLE.strftime(ours.pattern)) is not None

    def made(self, drill: Drill) -> bool:
        """Whether a record may be of such a drill: others may leave theirs in the same folder."""
        kind = "kubernetes" if self.velero is not None else "postgres"
        if drill.into.partition(":")[0] != kind:
            return False
        return self.dumps is None or drill.dump is None or self.dumps.named(drill.dump.name) is not None
