"""Velero beside the cluster: a schedule, thirty nights of backups in a bucket, and the storage that it validates.

The newest backup is Velero's own. Those of the nights before are copies of it in the bucket, from where Velero takes
them into the cluster by itself. What the agents on nodes would store of volumes is written by hand: no node has one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from tests.testbed import build, place, process
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_servers as servers
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import KINDS, Object, admin, path_of
from tests.testbed.process import await_that
from tests.testbed.services import s3, secrets

NAME = "velero"
BUCKET, LOCATION, SCHEDULE = "velero-backups", "default", "nightly"
HELD = ("repo-scanner", "opsforge")
NIGHTS = 30
API, PLUGIN = "velero.io/v1", "velero-plugin-for-aws"
SOON = 120.0
_OWN = ("Restore", "PodVolumeBackup", "Backup", "Schedule", "BackupStorageLocation")
_SPEC = {
    "includedNamespaces": list(HELD),
    "storageLocation": LOCATION,
    "snapshotVolumes": False,
    "ttl": "720h0m0s",
}


def folder() -> Path:
    return place.state() / NAME


def up() -> None:
    if process.running(NAME) is not None and _known():
        return
    down()
    if not _known():
        _install()
        s3.make(BUCKET)
        _forget()
    start()
    if not _known():
        fill()
    await_that("Velero knows its backups", lambda: len(names()) >= NIGHTS, within=SOON)


def down() -> None:
    process.stop(NAME, within=15.0)


def reset() -> None:
    """As on the first day, with tonight's backup."""
    down()
    _forget()
    up()


def start() -> None:
    """The server, once its location has been validated by it."""
    for name in ("tmp", "plugins"):
        (folder() / name).mkdir(parents=True, exist_ok=True)
    plugin = folder() / "plugins" / PLUGIN
    plugin.unlink(missing_ok=True)  # one that still runs cannot be overwritten
    shutil.copy2(build.programs() / PLUGIN, plugin)
    command = [
        build.programs() / NAME, "server", f"--namespace={world.VELERO}",
        f"--plugin-dir={plugin.parent}", f"--metrics-address={place.HOST}:{place.PORTS[NAME]}",
        "--profiler-address=", "--backup-sync-period=10s", "--store-validation-frequency=10s",
        "--garbage-collection-frequency=24h",
    ]  # fmt: skip
    process.start(
        NAME,
        command,
        env={
            "KUBECONFIG": str(servers.server_kubeconfig("testbed:velero")),
            "HOME": str(folder()),
            "TMPDIR": str(folder() / "tmp"),
            "AWS_SHARED_CREDENTIALS_FILE": str(_credentials()),
        },
    )
    admin().apply(_location())
    await_validated("Available")


def _credentials() -> Path:
    path = folder() / "credentials"
    path.touch(mode=0o600)
    secret = secrets.password(f"s3-{s3.ADMIN}")
    path.write_text(f"[default]\naws_access_key_id={s3.access(s3.ADMIN)}\naws_secret_access_key={secret}\n")
    return path


def _install() -> None:
    """The definitions of its kinds, as it brings them itself."""
    command = [str(build.programs() / NAME), "install", "--crds-only", "--dry-run", "-o", "json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(folder())}
    )
    if done.returncode:
        raise process.TestbedError(f"velero tells no definitions: {done.stderr.strip()[-300:]}")
    for one in json.loads(done.stdout)["items"]:
        admin().apply(one)
    await_that("Velero's kinds are served", lambda: [admin().list(kind) for kind in _OWN], within=SOON)


def _location() -> Object:
    config = {
        "region": "us-east-1", "s3ForcePathStyle": "true", "s3Url": s3.endpoint(), "checksumAlgorithm": "",
    }  # fmt: skip
    spec = {
        "provider": "aws", "default": True, "objectStorage": {"bucket": BUCKET}, "config": config,
        "validationFrequency": "10s", "backupSyncPeriod": "10s",
    }  # fmt: skip
    return make.thing(API, "BackupStorageLocation", LOCATION, world.VELERO, spec=spec)


def _known() -> bool:
    """Whether the cluster is the one that it has filled."""
    try:
        return admin().find("Schedule", SCHEDULE, world.VELERO) is not None
    except Exception:  # the cluster is not there, or has no such kind yet
        return False


def _forget() -> None:
    """Its objects, and what is in its bucket."""
    for kind in _OWN:
        for one in admin().list(kind, world.VELERO):
            name = one["metadata"]["name"]
            if one["metadata"].get("finalizers"):
                admin().patch(kind, name, {"metadata": {"finalizers": None}}, world.VELERO)
            admin().delete(kind, name, world.VELERO)
    for path in (s3.folder() / "data" / BUCKET).iterdir():
        if path.is_dir():
            shutil.rmtree(path)


# What is there.


def fill() -> None:
    """A backup of this moment, one of the same time of the day for each of the days before, and their schedule."""
    now = datetime.now(timezone.utc)
    name = f"{SCHEDULE}-{now:%Y%m%d%H%M%S}"
    labels = {"velero.io/schedule-name": SCHEDULE, "velero.io/storage-location": LOCATION}
    post(make.thing(API, "Backup", name, world.VELERO, labels=labels, spec=_SPEC))
    await_that(f"backup {name} has ended", lambda: _ended(name), within=SOON)
    found = get("Backup", name)
    if found["status"]["phase"] != "Completed":
        raise process.TestbedError(f"backup {name} is {found['status']['phase']}")
    for back in range(1, NIGHTS):
        _copy(name, back)
    _store_volumes(name)
    spec = {"schedule": f"{now.minute} {now.hour} * * *", "template": _SPEC}
    post(make.thing(API, "Schedule", SCHEDULE, world.VELERO, spec=spec))
    tell("Schedule", SCHEDULE, lastBackup=found["status"]["startTimestamp"], phase="Enabled")


def _ended(name: str) -> bool:
    phase = get("Backup", name).get("status", {}).get("phase", "")
    return phase in ("Completed", "PartiallyFailed", "Failed", "FailedValidation")


def _copy(newest: str, back: int) -> None:
    """In the bucket alone: Velero finds it there, as after the loss of a cluster."""
    source, days = stored(newest), timedelta(days=back)
    at = datetime.strptime(newest.rpartition("-")[2], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc) - days
    name = f"{SCHEDULE}-{at:%Y%m%d%H%M%S}"
    stored(name).mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        to = stored(name) / path.name.replace(newest, name)
        shutil.copyfile(path, to)
        if path.name == "velero-backup.json":
            to.write_text(json.dumps(_earlier(json.loads(path.read_text()), name, days)))
        os.utime(to, (at.timestamp(), at.timestamp()))


def _earlier(backup: Object, name: str, days: timedelta) -> Object:
    meta = backup["metadata"]
    backup["metadata"] = {"name": name, "namespace": world.VELERO, "labels": meta["labels"]}
    for key in ("startTimestamp", "completionTimestamp", "expiration"):
        if backup["status"].get(key):
            backup["status"][key] = _text(_moment(backup["status"][key]) - days)
    return backup


def _store_volumes(backup: str) -> None:
    """The data of every claim of the namespaces, as the agents on the nodes would have stored them."""
    for namespace in HELD:
        for claim in admin().list("PersistentVolumeClaim", namespace):
            post(_volume(backup, claim))


def _volume(backup: str, claim: Object) -> Object:
    meta = claim["metadata"]
    labels = {"velero.io/backup-name": backup, "velero.io/pvc-uid": meta["uid"]}
    pod = {"kind": "Pod", "namespace": meta["namespace"], "name": "stand-in"}
    spec = {
        "backupStorageLocation": LOCATION, "node": "node-a1", "pod": pod, "volume": meta["name"],
        "repoIdentifier": "stand-in", "uploaderType": "kopia",
    }  # fmt: skip
    name = volume(backup, meta["name"])
    status = {"phase": "Completed"}
    return make.thing(API, "PodVolumeBackup", name, world.VELERO, labels=labels, spec=spec, status=status)


def volume(backup: str, claim: str) -> str:
    """What the data of a claim in a backup are called."""
    return f"{backup}-{claim}"


def stored(name: str) -> Path:
    """The folder of a backup in the bucket."""
    return s3.file(BUCKET, f"backups/{name}")


def names() -> list[str]:
    """Of the schedule's backups that the cluster knows, the newest first."""
    own = [one["metadata"]["name"] for one in admin().list("Backup", world.VELERO)]
    return sorted((name for name in own if name.startswith(f"{SCHEDULE}-")), reverse=True)


def get(kind: str, name: str) -> Object:
    return admin().get(kind, name, world.VELERO)


def post(thing: Object) -> None:
    """Make an object, with the status that it says, wherever the kind keeps that."""
    admin().send("POST", path_of(thing["kind"], world.VELERO), thing)
    if "status" in thing and _apart(thing["kind"]):
        tell(thing["kind"], thing["metadata"]["name"], **thing["status"])


def tell(kind: str, name: str, **status: Any) -> None:
    """Write into an object's status. None takes a field away."""
    part = "status" if _apart(kind) else ""
    admin().patch(kind, name, {"status": status}, world.VELERO, part=part)


@cache
def _apart(kind: str) -> bool:
    """Whether the status of the kind is written apart from the rest."""
    definition = admin().get("CustomResourceDefinition", f"{KINDS[kind][1]}.velero.io")
    return "status" in definition["spec"]["versions"][0].get("subresources", {})


def await_validated(phase: str) -> None:
    """The server itself has found the location to be so, just now."""
    since = datetime.now(timezone.utc).replace(microsecond=0)

    def validated() -> bool:
        status = get("BackupStorageLocation", LOCATION).get("status", {})
        at = status.get("lastValidationTime")
        return status.get("phase") == phase and at is not None and _moment(at) >= since

    await_that(f"the location is {phase}", validated, within=SOON)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def ago(**units: float) -> str:
    return _text(datetime.now(timezone.utc) - timedelta(**units))


# Ways to be wrong: each undoes itself exactly.


@contextmanager
def telling(kind: str, name: str, **status: Any) -> Iterator[None]:
    """An object's status says this. The server leaves what has ended as it is."""
    before = get(kind, name).get("status", {})
    try:
        tell(kind, name, **status)
        yield
    finally:
        tell(kind, name, **{key: before.get(key) for key in status})


@contextmanager
def saying(kind: str, name: str, **spec: Any) -> Iterator[None]:
    """An object's spec says this."""
    before = get(kind, name)["spec"]
    try:
        admin().patch(kind, name, {"spec": spec}, world.VELERO)
        yield
    finally:
        admin().patch(kind, name, {"spec": {key: before.get(key) for key in spec}}, world.VELERO)


@contextmanager
def added(thing: Object) -> Iterator[None]:
    post(thing)
    try:
        yield
    finally:
        admin().delete(thing["kind"], thing["metadata"]["name"], world.VELERO)


@contextmanager
def removed(kind: str, name: str) -> Iterator[None]:
    """An object is not there; of a backup the bucket is not touched."""
    before = get(kind, name)
    admin().delete(kind, name, world.VELERO)
    try:
        yield
    finally:
        meta = {key: before["metadata"].get(key) for key in ("name", "namespace", "labels")}
        post({**before, "metadata": {key: value for key, value in meta.items() if value}})


@contextmanager
def stopped() -> Iterator[None]:
    """The server does not run; its pods in the cluster go on standing for it."""
    count = len(names())
    down()
    try:
        yield
    finally:
        start()
        await_that("Velero knows its backups again", lambda: len(names()) >= count, within=SOON)


@contextmanager
def never_made(*backups: str) -> Iterator[None]:
    """Backups are neither in the cluster nor in the bucket; while the server is stopped, which finds them again."""
    aside = folder() / "aside"
    for name in backups:
        admin().delete("Backup", name, world.VELERO)
        aside.mkdir(parents=True, exist_ok=True)
        shutil.move(stored(name), aside / name)
    try:
        yield
    finally:
        for name in backups:
            shutil.move(aside / name, stored(name))


@contextmanager
def unarchived(name: str) -> Iterator[None]:
    """The archive of a backup is gone from the bucket, and all else of it is there."""
    archive, aside = stored(name) / f"{name}.tar.gz", folder() / "aside.tar.gz"
    shutil.move(archive, aside)
    try:
        yield
    finally:
        shutil.move(aside, archive)


@contextmanager
def misplaced() -> Iterator[None]:
    """The location names a bucket that is not there, as the server has found."""
    with saying("BackupStorageLocation", LOCATION, objectStorage={"bucket": "not-there"}):
        await_validated("Unavailable")
        yield
    await_validated("Available")
