"""Backups that are not what they seem: cut off, empty, of another form, too old, readable, not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.faults.elsewhere import edited
from tests.faults.scenario import Changes, absent, fail, passes, scenario, unknown
from tests.testbed import kubernetes_age as age
from tests.testbed import stored
from tests.testbed.kubernetes_api import admin
from tests.testbed.services import files, postgres, s3, velero

ACCELERAPP, SMARTCLOUDOPS, ENTERPRISE = s3.BUCKETS
DATABASE = "%Y/%m/db-%Y%m%d.sql.gz"
CONFIG = "%Y/%m/config-%Y%m%d.yaml"
SECRETS = "%Y/%m/secrets-%Y%m%d.yaml.gpg"
DUMP = "backup-%Y%m%d.sql.gz"
DIRECTORY = "%Y%m%d_%H%M%S"
POSTGRES = "postgres/postgres-%Y%m%d.sql.gz"
CLUSTER = "cluster-config-%Y%m%d.yaml"
FILES = "secrets-%Y%m%d.yaml.gpg"
MANIFESTS = "manifests-%Y%m%d_%H%M%S.yaml"
SPOILT, LATE, GONE, AWAY = "backups spoilt", "backups late", "backups gone", "backups away"


def nights(count: int) -> list[datetime]:
    """The latest nights of backups, the last one first."""
    found = stored.nights(datetime.now(timezone.utc))
    return [night for night, _ in zip(found, range(count), strict=False)]


def named(pattern: str, night: datetime) -> str:
    return night.strftime(pattern)


@scenario("the newest dump is cut off at nine tenths", group=SPOILT)
def cut_off() -> Iterator[Changes]:
    """Its beginning is right, and gzip tells the end."""
    whole = stored.packed(stored.dump())
    (night,) = nights(1)
    with s3.replaced(ACCELERAPP, named(DATABASE, night), whole[: len(whole) * 9 // 10]):
        message = "*/db-*.sql.gz: the gzip ends before its end: it is truncated"
        yield {
            "AC-087": fail("critical", f"content newest {DATABASE}", message=message),
            "AC-094": fail("high", f"content newest {DATABASE}", message=message),
            "AC-056": fail("critical", f"content newest {DATABASE}", message=message),
        }


@scenario("the newest dump is an empty gzip", group=SPOILT)
def empty_gzip() -> Iterator[Changes]:
    """`pg_dump | gzip`, where pg_dump failed: exit status 0, and a gzip without a fault."""
    (night,) = nights(1)
    with s3.replaced(SMARTCLOUDOPS, named(DUMP, night), stored.packed(b"")):
        yield {
            "SC-062": fail("critical", f"size {DUMP}", message="* has 20 bytes, and * are usual there"),
            "SC-064": fail("critical", f"content newest {DUMP}", f"size {DUMP}", message="*"),
            "SC-082": fail("critical", f"content newest {DUMP}", f"size {DUMP}", message="*"),
            "SC-063": passes(),  # what is in the bucket has bytes
        }


@scenario("the newest dump went through a terminal", group=SPOILT)
def carriage_returns() -> Iterator[Changes]:
    (night,) = nights(1)
    crlf = stored.packed(stored.dump().replace(b"\n", b"\r\n"))
    with s3.replaced(SMARTCLOUDOPS, named(f"{DIRECTORY}/database.sql.gz", night), crlf):
        message = "*: its lines end with CR LF: it went through a terminal"
        yield {"SC-118": fail("critical", f"content newest {DIRECTORY}/database.sql.gz", message=message)}


@scenario("ConfigMaps are missing in the backup: kubectl get all is not all", group=SPOILT)
def not_all() -> Iterator[Changes]:
    (night,) = nights(1)
    usual = len(stored.configuration("accelerapp"))
    pods = stored.padded(stored.manifest("Deployment", "Service", "Pod", namespace="accelerapp"), usual)
    with s3.replaced(ACCELERAPP, named(CONFIG, night), pods):
        yield {"AC-088": fail("medium", f"content newest {CONFIG}", message="* has no ConfigMap")}


@scenario("Secrets are stored as readable YAML", group=SPOILT)
def readable() -> Iterator[Changes]:
    (night,) = nights(1)
    readable_yaml = stored.padded(stored.plaintext("accelerapp"), len(stored.encrypted()))
    with s3.replaced(ACCELERAPP, named(SECRETS, night), readable_yaml):
        message = "* holds 1 Secrets that anybody can read"
        yield {"AC-089": fail("critical", f"content newest {SECRETS}", message=message)}


@scenario("Secrets stand readable beside the ConfigMaps", group=SPOILT)
def readable_beside() -> Iterator[Changes]:
    (night,) = nights(1)
    with s3.replaced(
        SMARTCLOUDOPS, named(f"{DIRECTORY}/config.yaml", night), stored.plaintext("smartcloudops")
    ):
        message = "* holds 1 Secrets that anybody can read"
        yield {
            "SC-120": fail("critical", f"content newest {DIRECTORY}/config.yaml", message=message),
            "SC-121": passes(),
        }


@scenario("Secrets are encrypted to another key", group=SPOILT)
def another_key() -> Iterator[Changes]:
    (night,) = nights(1)
    with files.replaced("enterprise-platform", named(FILES, night), stored.encrypted("00112233445566AA")):
        message = f"* is encrypted to 00112233445566AA, not to {stored.KEY}"
        yield {"EP-114": fail("critical", f"content newest {FILES}", message=message)}


@scenario("a kind of object is missing in the cluster's configuration", group=SPOILT)
def a_kind_missing() -> Iterator[Changes]:
    (night,) = nights(1)
    few = stored.manifest("ConfigMap", "Role", "RoleBinding", namespace="enterprise-platform")
    with files.replaced("enterprise-platform", named(CLUSTER, night), few):
        message = "* has no Ingress, PersistentVolumeClaim, HorizontalPodAutoscaler, PodDisruptionBudget, NetworkPolicy"
        yield {"EP-113": fail("medium", f"content newest {CLUSTER}", message=message)}


@scenario("the newest backup is an empty object", group=SPOILT)
def empty_object() -> Iterator[Changes]:
    (night,) = nights(1)
    with s3.replaced(ENTERPRISE, named(POSTGRES, night), b""):
        yield {
            "EP-108": fail("critical", f"backup {POSTGRES}", f"size {POSTGRES}"),
            "EP-110": fail("high", f"content newest {POSTGRES}", f"size {POSTGRES}"),
        }


@scenario("a part of the newest backup did not arrive", group=SPOILT)
def a_part_missing() -> Iterator[Changes]:
    with ExitStack() as gone:
        for night in nights(2):
            gone.enter_context(s3.emptied(SMARTCLOUDOPS, named(f"{DIRECTORY}/uploads/*", night)))
        lacks = f"that of * lacks {DIRECTORY}/uploads/"
        yield {
            "SC-122": fail("critical", "backup set the bucket smartcloudops-backups", message=lacks),
            "SC-119": fail(
                "high", f"backup {DIRECTORY}/uploads/", message="the newest is */uploads/, made *"
            ),
            "SC-130": fail(
                "high",
                f"restored restored/{DIRECTORY}/uploads/",
                message="* is restored, and the bucket smartcloudops-backups has no backup of that date",
            ),
        }


@scenario("old backups are not taken away", group=SPOILT)
def hoarded() -> Iterator[Changes]:
    old = datetime.now(timezone.utc) - timedelta(days=90)
    dump = stored.packed(stored.dump())
    with (
        s3.added(ACCELERAPP, named(DATABASE, old), dump, old),
        files.added("smartcloudops", named(f"{DIRECTORY}/database.sql.gz", old), dump, old),
    ):
        message = "* is still there: old backups are not taken away"
        yield {
            "AC-092": fail("high", f"oldest {DATABASE}", message=message),
            "SC-123": fail("medium", f"oldest {DIRECTORY}/", message=message),
        }


@scenario("the drill's test backup was not made", group=SPOILT)
def no_test_backup() -> Iterator[Changes]:
    with s3.emptied(SMARTCLOUDOPS, "test/*/*"):
        message = "no backup: nothing begins like that in the bucket smartcloudops-backups; it has *"
        yield {"SC-132": absent(fail("high", f"backup test/{DIRECTORY}/", message=message))}


@scenario("the drill's test backup is of two days ago", group=LATE)
def old_test_backup() -> Iterator[Changes]:
    old = datetime.now(timezone.utc) - timedelta(hours=50)
    key = named(f"test/{DIRECTORY}/database.sql.gz", old)
    with (
        s3.emptied(SMARTCLOUDOPS, "test/*/*"),
        s3.added(SMARTCLOUDOPS, key, stored.packed(stored.dump()), old),
    ):
        yield {
            "SC-132": fail(
                "high",
                f"backup test/{DIRECTORY}/",
                measured="2d2h",
                message="the newest is test/*/, made *",
            )
        }


@scenario("no dump was made for three nights, and a copied old one looks fresh", group=LATE)
def late() -> Iterator[Changes]:
    """The copy has the time of now and an old date in its name."""
    now, dumps = datetime.now(timezone.utc), nights(5)
    with ExitStack() as gone:
        for night in dumps[:3]:
            gone.enter_context(s3.replaced(SMARTCLOUDOPS, named(DUMP, night), None))
        kept = named(DUMP, dumps[4])
        gone.enter_context(s3.replaced(SMARTCLOUDOPS, kept, stored.packed(stored.dump()), now))
        newest = f"the newest is {named(DUMP, dumps[3])}, made *"
        of_set = f"the newest is that of {dumps[3]:%Y-%m-%d}, made *"
        yield {
            "SC-062": fail("critical", f"backup {DUMP}", measured="*d*", message=newest),
            "SC-063": fail("critical", "backup set the bucket smartcloudops-backups", message=of_set),
            "SC-065": fail("high", f"days {DUMP}", message="* of 29 days have no backup: *"),
            "SC-082": fail("critical", f"backup {DUMP}", f"days {DUMP}", message="*"),
        }


@scenario("Secrets were not stored for three nights, and two days' dumps are missing", group=LATE)
def a_day_missing() -> Iterator[Changes]:
    days = nights(12)
    with ExitStack() as gone:
        for night in days[:3]:
            gone.enter_context(s3.replaced(ACCELERAPP, named(SECRETS, night), None))
        for night in (days[11], days[3]):
            gone.enter_context(s3.replaced(ACCELERAPP, named(DATABASE, night), None))
        message = f"2 of 29 days have no backup: {days[11]:%Y-%m-%d}, {days[3]:%Y-%m-%d}"
        own = f"1 of the last 7 days have no backup: {days[3]:%Y-%m-%d}"
        yield {
            "AC-086": fail("critical", f"days {DATABASE}", measured="1", message=own),
            "AC-063": fail("critical", f"backup {SECRETS}", message="the newest is */secrets-*, made *"),
            "AC-008": fail("critical", f"backup {SECRETS}", message="the newest is */secrets-*, made *"),
            "AC-089": fail(
                "critical", f"content newest {SECRETS}", message="the newest is */secrets-*, made *"
            ),
            "AC-090": fail(
                "critical", "backup set the bucket accelerapp-backups", message=f"that of * lacks {SECRETS}"
            ),
            "AC-092": fail("high", f"days {DATABASE}", measured="2", message=message),
        }


@scenario("one night the backup script did not run", group=LATE)
def a_night_missing() -> Iterator[Changes]:
    """The newest directory is as fresh as ever."""
    night = nights(4)[3]
    with ExitStack() as gone:
        for below in ("*", "uploads/*", "models/*"):
            gone.enter_context(s3.emptied(SMARTCLOUDOPS, f"{named(DIRECTORY, night)}/{below}"))
        message = f"1 of the last 7 days have no backup: {night:%Y-%m-%d}"
        yield {"SC-117": fail("critical", f"days {DIRECTORY}/", measured="1", message=message)}


@scenario("of the files that a drill put back, one is missing", group=LATE)
def not_all_back() -> Iterator[Changes]:
    (night,) = nights(1)
    with files.replaced("smartcloudops", named(f"restored/{DIRECTORY}/uploads/0.png", night), None):
        yield {
            "SC-130": fail(
                "high",
                f"restored restored/{DIRECTORY}/uploads/",
                message="* has 3 files of 900 bytes; the backup has 4 files of 1200 bytes",
            )
        }


@scenario("a Deployment lives that is in no backup of the manifests", group=SPOILT)
def unwritten() -> Iterator[Changes]:
    """It is older than the backup; whatever is younger is not missed yet."""
    newest, then = files.newest_manifests(), datetime.now(timezone.utc) - timedelta(hours=2)
    age.made_earlier("Deployment", files.KEPT, "worker", seconds=3 * age.HOUR)
    with files.replaced(files.KEPT, newest, files.manifests(("Deployment", "worker")), then):
        yield {
            "OF-072": fail(
                "high",
                f"live objects {MANIFESTS}",
                measured="1",
                message=f"{newest} lacks 1 of * live object*: Deployment opsforge/worker",
            )
        }


@scenario("the manifests were not stored for two days", group=LATE)
def not_stored() -> Iterator[Changes]:
    """Before a deployment that is too old; a Redis that saves makes up for nothing."""
    with ExitStack() as gone:
        for name in files.all_manifests()[:2]:
            gone.enter_context(files.replaced(files.KEPT, name, None))
        message = "the newest is manifests-*.yaml, made * UTC"
        yield {
            "OF-016": fail("critical", f"backup {MANIFESTS}", message=message),
            "OF-072": fail("high", f"content newest {MANIFESTS}", message=message),
        }


@scenario("the ConfigMap of a restore has lost a key", group=SPOILT)
def restore_config() -> Iterator[Changes]:
    with lost("production", "restore-config", "RESTORE_DATABASE"):
        message = "it has nothing under RESTORE_DATABASE"
        yield {"EP-112": fail("medium", "configmap production/restore-config", message=message)}


@contextmanager
def lost(namespace: str, name: str, key: str) -> Iterator[None]:
    """A ConfigMap is without a key."""
    api = admin()
    value = api.get("ConfigMap", name, namespace)["data"][key]
    api.patch("ConfigMap", name, {"data": {key: None}}, namespace)
    try:
        yield
    finally:
        api.patch("ConfigMap", name, {"data": {key: value}}, namespace)


@scenario("a system without backups of a database has got a database", group=SPOILT)
def a_database() -> Iterator[Changes]:
    def change(document: Any) -> None:
        document["targets"]["postgres"] = {"host": "127.0.0.1", "database": "jobs", "user": "opsproof"}

    with edited("systems/opsforge/environments/testbed.yaml", change):
        message = "no backup: * has * others where it was looked: manifests-*"
        yield {"OF-073": fail("high", "backup db-%Y%m%d.sql.gz", message=message)}


@scenario("the configuration in the backup ends in its middle", group=LATE)
def unparsable() -> Iterator[Changes]:
    (night,) = nights(1)
    broken = stored.configuration("smartcloudops") + b"- {apiVersion: v1, kind: \n"
    with s3.replaced(SMARTCLOUDOPS, named(f"{DIRECTORY}/config.yaml", night), broken):
        subject, message = f"content newest {DIRECTORY}/config.yaml", "* cannot be parsed"
        yield {
            "SC-120": fail("critical", subject, message=message),
            "SC-121": fail("medium", subject, message=message),
        }


@scenario("a custom dump whose data ends early", group=LATE)
def half_an_archive() -> Iterator[Changes]:
    """Its table of contents is whole: pg_restore --list is content with it."""
    (night,) = nights(1)
    archive = postgres.archive()
    with s3.replaced(ENTERPRISE, named(POSTGRES, night), archive[: len(archive) * 9 // 10]):
        size = f"size {POSTGRES}"  # it is no dump of the size that those before it have
        yield {
            "EP-108": fail("critical", size, message="* are usual there"),
            "EP-110": fail("high", f"content newest {POSTGRES}", size, message="*"),
        }


@scenario("the bucket is empty", situation="empty", group=GONE)
def nothing_there() -> Iterator[Changes]:
    with s3.emptied(ACCELERAPP):
        message = "no backup: the bucket accelerapp-backups is empty"
        patterns = (DATABASE, CONFIG, SECRETS)
        yield {
            "AC-008": fail("critical", *(f"backup {one}" for one in patterns), message=message),
            "AC-087": fail("critical", f"content newest {DATABASE}", message=message),
            "AC-088": fail("medium", f"content newest {CONFIG}", message=message),
            "AC-089": fail("critical", f"content newest {SECRETS}", message=message),
            "AC-090": fail("critical", "backup set the bucket accelerapp-backups", message=message),
            "AC-092": fail("high", "requirement AC-092", message=f"nothing there to examine*{message}*"),
            "AC-094": fail("high", f"content newest {DATABASE}", message=message),
            "AC-056": fail("critical", f"backup {DATABASE}", f"content newest {DATABASE}", message=message),
            "AC-063": fail("critical", *(f"backup {one}" for one in patterns), message=message),
            "AC-086": fail("critical", f"backup {DATABASE}", message=message),
        }


BUCKET_ROWS = {
    "SC-062": "critical", "SC-063": "critical", "SC-064": "critical", "SC-065": "high", "SC-118": "critical",
    "SC-119": "high", "SC-120": "critical", "SC-121": "medium", "SC-122": "critical", "SC-132": "high",
    "SC-082": "critical", "SC-117": "critical", "SC-130": "high",
}  # fmt: skip


@scenario("the bucket may not be listed any more", situation="forbidden", group=GONE)
def not_listed() -> Iterator[Changes]:
    with s3.refused(SMARTCLOUDOPS):
        message = "the right s3:ListBucket is missing"
        yield {
            **{row: unknown(level, "source *", message=message) for row, level in BUCKET_ROWS.items()},
            # Nor may be seen who else reads the bucket.
            "SC-120": unknown("critical", "source *", message="*the right s3:* is missing*"),
        }


@scenario("the folder of the backups is not there", situation="unreachable", group=GONE)
def no_folder() -> Iterator[Changes]:
    with files.gone("enterprise-platform"):
        yield {
            "EP-113": unknown("medium", "source files", message="* is not there"),
            "EP-114": unknown("critical", "source files", message="* is not there"),
        }


@scenario("the server of the buckets is away", situation="unreachable", group=AWAY)
def away() -> Iterator[Changes]:
    rows = {
        **BUCKET_ROWS, "EP-108": "critical", "EP-110": "high", "AC-008": "critical", "AC-087": "critical",
        "AC-088": "medium", "AC-089": "critical", "AC-090": "critical", "AC-092": "high", "AC-094": "high",
        "AC-056": "critical", "AC-063": "critical", "AC-086": "critical",
    }  # fmt: skip
    velero_rows = {"RS-093": "high", "RS-094": "medium", "RS-140": "critical", "OF-097": "high"}
    with s3.stopped():
        velero.await_validated("Unavailable")
        yield {
            **{
                row: unknown(level, "source *", message="connection refused")
                for row, level in (rows | velero_rows).items()
            },
            "RS-143": fail("high", "backupstoragelocation velero/default", message="it is Unavailable"),
        }
    velero.await_validated("Available")
