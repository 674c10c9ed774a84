"""What the buckets and folders of the testbed hold: dumps, manifests and encrypted Secrets, for thirty days."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from tests.testbed import place

DAYS = 30
KEY = "A1B2C3D4E5F60718"
Entry = tuple[str, bytes, datetime]
_CONFIG_KINDS = (
    "ConfigMap", "Ingress", "PersistentVolumeClaim", "HorizontalPodAutoscaler", "PodDisruptionBudget",
    "NetworkPolicy", "Role", "RoleBinding",
)  # fmt: skip


def dump(rows: int = 2000) -> bytes:
    """A plain dump of PostgreSQL, as pg_dump writes it."""
    lines = "".join(f"{number}\tcustomer {number * 7919 % 100_003}\n" for number in range(rows))
    return (
        "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n\n"
        "CREATE TABLE public.orders (id integer, customer text);\n\n"
        f"COPY public.orders (id, customer) FROM stdin;\n{lines}\\.\n\n"
        "--\n-- PostgreSQL database dump complete\n--\n\n"
    ).encode()


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def manifest(*kinds: str, namespace: str = "shop", data: str = "{level: info}") -> bytes:
    """A list as `kubectl get -o yaml` prints it, with one object of each kind."""
    items = "".join(
        f"- apiVersion: v1\n  kind: {kind}\n  metadata: {{name: {kind.lower()}, namespace: {namespace}}}\n"
        f"  data: {data}\n"
        for kind in kinds
    )
    return f"apiVersion: v1\nkind: List\nitems:\n{items}".encode()


def padded(content: bytes, size: int) -> bytes:
    """A manifest of a usual size, so that nothing but what it says is wrong with it."""
    return content + b"# " + b"x" * max(0, size - len(content) - 3) + b"\n"


def configuration(namespace: str = "shop") -> bytes:
    return manifest(*_CONFIG_KINDS, namespace=namespace)


def plaintext(namespace: str = "shop") -> bytes:
    """A Secret that anybody can read."""
    return manifest("ConfigMap", "Secret", namespace=namespace, data="{password: c3dvcmRmaXNo}")


def encrypted(key: str = KEY, size: int = 3000) -> bytes:
    """An OpenPGP message to one key: a packet with its session key, and one with what is encrypted."""
    session = b"\x03" + bytes.fromhex(key) + b"\x01" + b"\x01\x00" + b"k" * 32
    body = b"\x01" + b"c" * (size - 1)
    return b"\xc1" + _length(len(session)) + session + b"\xd2" + _length(len(body)) + body


def _length(size: int) -> bytes:
    return bytes([size]) if size < 192 else b"\xff" + size.to_bytes(4, "big")


def nights(now: datetime, days: int = DAYS) -> Iterator[datetime]:
    """The moment of each of these days that its backups are of, the latest first."""
    latest = _latest(now)
    for back in range(days):
        yield latest - timedelta(days=back)


def settle(now: datetime) -> None:
    """What is healthy when the testbed begins has to be so while its tests run: the latest night stays what it is."""
    _settled().parent.mkdir(parents=True, exist_ok=True)
    _settled().write_text(latest_night(now).isoformat())


def forget() -> None:
    _settled().unlink(missing_ok=True)


def _latest(now: datetime) -> datetime:
    return datetime.fromisoformat(_settled().read_text()) if _settled().exists() else latest_night(now)


def _settled() -> Path:
    return place.state() / "run" / "night"


def latest_night(now: datetime) -> datetime:
    """Three in the morning, or midnight where three is near: over for a while, and not a day ago for hours to come."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    nights = (midnight + timedelta(hours=hour) for hour in (3, 0, -21))
    return next(night for night in nights if now - night > timedelta(minutes=35))


def objects(bucket: str, now: datetime) -> Iterator[Entry]:
    """Everything in one bucket."""
    dumped = packed(dump())
    if bucket == "smartcloudops-backups":
        at = now - timedelta(minutes=40)
        yield f"test/{at:%Y%m%d_%H%M%S}/database.sql.gz", dumped, at
    for night in nights(now):
        if bucket == "accelerapp-backups":
            folder = f"{night:%Y/%m}"
            yield f"{folder}/db-{night:%Y%m%d}.sql.gz", dumped, night
            yield f"{folder}/config-{night:%Y%m%d}.yaml", configuration("accelerapp"), night
            yield f"{folder}/secrets-{night:%Y%m%d}.yaml.gpg", encrypted(), night
        elif bucket == "smartcloudops-backups":
            yield f"backup-{night:%Y%m%d}.sql.gz", dumped, night
            yield from _directory(f"{night:%Y%m%d_%H%M%S}", dumped, night)
        else:
            yield f"postgres/postgres-{night:%Y%m%d}.sql.gz", dumped, night


def _directory(name: str, dumped: bytes, night: datetime) -> Iterator[Entry]:
    yield f"{name}/database.sql.gz", dumped, night
    yield f"{name}/config.yaml", configuration("smartcloudops"), night
    yield f"{name}/secrets.yaml.gpg", encrypted(), night
    yield from _app_data(name, night)


def _app_data(name: str, night: datetime) -> Iterator[Entry]:
    for number in range(4):
        yield f"{name}/uploads/{number}.png", b"upload" * 50, night
    for number in range(2):
        yield f"{name}/models/{number}.bin", b"model" * 50, night


def files(system: str, now: datetime) -> Iterator[Entry]:
    """Everything in the folder that a host of the system keeps."""
    for night in nights(now):
        if system == "enterprise-platform":
            yield f"cluster-config-{night:%Y%m%d}.yaml", configuration(system), night
            yield f"secrets-{night:%Y%m%d}.yaml.gpg", encrypted(), night
        elif now - night < timedelta(days=7):
            yield from _directory(f"{night:%Y%m%d_%H%M%S}", packed(dump()), night)
    if system == "smartcloudops":
        yield from restored(next(nights(now)))


def restored(night: datetime) -> Iterator[Entry]:
    """What a drill has put back of the files of one night."""
    yield from _app_data(f"restored/{night:%Y%m%d_%H%M%S}", night)
