"""Folders with backups of two systems on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import yaml

from tests.testbed import kubernetes_world as world
from tests.testbed import place, stored
from tests.testbed.kubernetes_api import Object

SYSTEMS = ("enterprise-platform", "smartcloudops")
# Whose manifests are kept in a folder: every object of its namespace, as it was applied.
KEPT = "opsforge"


def folder(system: str) -> Path:
    return place.state() / "files" / system


def up() -> None:
    for system in SYSTEMS:
        if not folder(system).exists():
            fill(system)


def down() -> None:
    """Nothing runs."""


def reset() -> None:
    shutil.rmtree(place.state() / "files", ignore_errors=True)
    up()


def fill(system: str) -> None:
    for name, content, at in stored.files(system, datetime.now(timezone.utc)):
        put(system, name, content, at)


def keep_manifests() -> None:
    """What lives in a system's namespace is stored by now, and was twenty hours ago and on the days before."""
    now = datetime.now(timezone.utc)
    shutil.rmtree(folder(KEPT), ignore_errors=True)
    for back in (0, 20, 44, 68):
        at = now - timedelta(hours=back)
        put(KEPT, f"manifests-{at:%Y%m%d_%H%M%S}.yaml", manifests(), at)


def all_manifests() -> list[str]:
    """The names of what is kept, the newest first."""
    return sorted((path.name for path in folder(KEPT).glob("manifests-*.yaml")), reverse=True)


def newest_manifests() -> str:
    return all_manifests()[0]


def manifests(*without: tuple[str, str]) -> bytes:
    """YAML of all that was applied but these, by kind and name; no Secret is among it."""
    found: list[Object] = [
        each for each in (*world.first_objects(), *world.objects())
        if each["metadata"].get("namespace") == KEPT
        and each["kind"] != "Secret"
        and (each["kind"], each["metadata"]["name"]) not in without
    ]  # fmt: skip
    return yaml.safe_dump_all(found).encode()


def put(system: str, name: str, content: bytes, at: datetime) -> None:
    """A file of that time."""
    path = folder(system) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))


# Ways to be wrong: each undoes itself exactly.


@contextmanager
def replaced(system: str, name: str, content: bytes | None, at: datetime | None = None) -> Iterator[None]:
    """Something else in the place of a file, or nothing; its time stays, or is another."""
    path = folder(system) / name
    before, info = path.read_bytes(), path.stat()
    if content is None:
        path.unlink()
    else:
        put(system, name, content, at or datetime.fromtimestamp(info.st_mtime, timezone.utc))
    try:
        yield
    finally:
        put(system, name, before, datetime.fromtimestamp(info.st_mtime, timezone.utc))


@contextmanager
def added(system: str, name: str, content: bytes, at: datetime) -> Iterator[None]:
    put(system, name, content, at)
    try:
        yield
    finally:
        (folder(system) / name).unlink()


@contextmanager
def gone(system: str) -> Iterator[None]:
    """The folder is not there."""
    aside = folder(system).with_suffix(".aside")
    folder(system).rename(aside)
    try:
        yield
    finally:
        aside.rename(folder(system))
