"""versitygw: buckets with thirty days of backups, whose objects are files of which the time can be set."""

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

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from opsproof.model.rights import Account, Need
from opsproof.model.target import Target
from opsproof.sources.s3.facts import SETTINGS
from opsproof.sources.s3.rights import RIGHTS
from opsproof.sources.s3.settings import S3Settings
from tests.testbed import build, place, process, stored
from tests.testbed.services import secrets

NAME = "s3"
ADMIN, USER, STRANGER = "111122223333", "opsproof", "stranger"  # an owner that looks like an account
BUCKETS = ("accelerapp-backups", "smartcloudops-backups", "enterprise-platform-backups")


def folder() -> Path:
    return place.state() / NAME


def file(bucket: str, key: str) -> Path:
    """Where an object lies."""
    return folder() / "data" / bucket / key


def endpoint() -> str:
    return f"http://{place.HOST}:{place.PORTS[NAME]}"


def up() -> None:
    if process.running(NAME) is None:
        start()
        for bucket in BUCKETS:
            fill(bucket)


def down() -> None:
    process.stop(NAME, within=5.0)


def reset() -> None:
    """The buckets as they were, with today's backups."""
    for bucket in BUCKETS:
        shutil.rmtree(folder() / "data" / bucket, ignore_errors=True)
    down()
    up()


def start() -> None:
    """The server without a bucket."""
    for name in ("data", "versions", "iam", "sidecar"):
        (folder() / name).mkdir(parents=True, exist_ok=True)
    process.start(
        NAME,
        [
            build.programs() / "versitygw",
            f"--port={place.HOST}:{place.PORTS[NAME]}",
            f"--iam-dir={folder() / 'iam'}",
            "--quiet",
            "posix",
            f"--versioning-dir={folder() / 'versions'}",
            f"--sidecar={folder() / 'sidecar'}",
            "--default-etag=d41d8cd98f00b204e9800998ecf8427e",
            folder() / "data",
        ],
        env={"ROOT_ACCESS_KEY": ADMIN, "ROOT_SECRET_KEY": secrets.password(f"s3-{ADMIN}")},
    )
    process.await_that("versitygw", _answers)
    for user in (USER, STRANGER):
        _make_user(user)


def _answers() -> bool:
    try:
        client().list_buckets()
    except (ClientError, BotoCoreError):
        return False
    return True


def _make_user(name: str) -> None:
    command = [
        str(build.programs() / "versitygw"), "admin", "--access", ADMIN, "--secret", secrets.password(f"s3-{ADMIN}"),
        "--endpoint-url", endpoint(), "create-user", "--access", access(name), "--secret", secrets.password(f"s3-{name}"),
        "--role", "user",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "exist" not in done.stderr.lower():
        raise process.TestbedError(f"versitygw made no user {name}: {done.stderr.strip()}")


def access(user: str) -> str:
    """The id of a user's key: made up, but for the owner's."""
    return user if user == ADMIN else secrets.password(f"s3-{user}-access")


def client(user: str = ADMIN) -> Any:
    return _client(access(user), endpoint(), secrets.password(f"s3-{user}"))


@cache
def _client(user: str, url: str, secret: str) -> Any:
    return botocore.session.Session().create_client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id=user, aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )  # fmt: skip


def settings(bucket: str, user: str = USER, **more: Any) -> dict[str, Any]:
    """What an environment says of a bucket."""
    access(user), secrets.password(f"s3-{user}")
    return {
        "bucket": bucket,
        "endpoint": endpoint(),
        "access_key": {"file": str(secrets.folder() / f"s3-{user}-access.password")},
        "secret_key": {"file": str(secrets.folder() / f"s3-{user}.password")},
        **more,
    }


def policy(bucket: str, needs: tuple[Need, ...] | None = None) -> str:
    """The policy of `opsproof rights`, as that of a bucket: for this user."""
    needs = (
        needs if needs is not None else (*map(Need, SETTINGS), Need("s3:ListBucket"), Need("s3:GetObject"))
    )
    made = S3Settings.model_validate(settings(bucket), context="/")
    (policy_file,) = RIGHTS.files(needs, Target("s3", "s3", "s3", made), Account())
    document = json.loads(policy_file.text)
    for statement in document["Statement"]:
        statement["Principal"] = access(USER)
    return json.dumps(document)


def make(bucket: str) -> None:
    """An empty bucket that our user may see."""
    try:
        client().create_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
            raise
    client().put_bucket_policy(Bucket=bucket, Policy=policy(bucket))


def put(bucket: str, key: str, content: bytes, at: datetime) -> None:
    """An object of that time."""
    path = file(bucket, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    touch(bucket, key, at)


def touch(bucket: str, key: str, at: datetime) -> None:
    os.utime(file(bucket, key), (at.timestamp(), at.timestamp()))


def fill(bucket: str) -> None:
    """Thirty days of backups, the last one of today."""
    make(bucket)
    for key, content, at in stored.objects(bucket, datetime.now(timezone.utc)):
        put(bucket, key, content, at)


# Ways to be wrong: each undoes itself exactly.


@contextmanager
def replaced(bucket: str, key: str, content: bytes | None, at: datetime | None = None) -> Iterator[None]:
    """Something else in the place of an object, or nothing; its time stays, or is another."""
    path = file(bucket, key)
    before, info = path.read_bytes(), path.stat()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
        time = info.st_mtime if at is None else at.timestamp()
        os.utime(path, (time, time))
    try:
        yield
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(before)
        os.utime(path, (info.st_mtime, info.st_mtime))


@contextmanager
def added(bucket: str, key: str, content: bytes, at: datetime) -> Iterator[None]:
    put(bucket, key, content, at)
    try:
        yield
    finally:
        file(bucket, key).unlink()
        _without_empty_folders(bucket)


@contextmanager
def emptied(bucket: str, pattern: str = "*") -> Iterator[None]:
    """Objects whose path fits lie elsewhere."""
    whole, aside = folder() / "data" / bucket, folder() / "aside" / bucket
    moved = [path for path in whole.rglob(pattern) if path.is_file()]
    for path in moved:
        to = aside / path.relative_to(whole)
        to.parent.mkdir(parents=True, exist_ok=True)
        path.rename(to)
    _without_empty_folders(bucket)
    try:
        yield
    finally:
        for path in moved:
            path.parent.mkdir(parents=True, exist_ok=True)
            (aside / path.relative_to(whole)).rename(path)


def _without_empty_folders(bucket: str) -> None:
    """A folder that is left is a prefix to the server, though nothing is below it."""
    for path in sorted((folder() / "data" / bucket).rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


@contextmanager
def refused(bucket: str, *rights: str) -> Iterator[None]:
    """Our user has these rights alone."""
    client().put_bucket_policy(
        Bucket=bucket, Policy=policy(bucket, tuple(map(Need, rights or ("s3:GetBucketAcl",))))
    )
    try:
        yield
    finally:
        client().put_bucket_policy(Bucket=bucket, Policy=policy(bucket))


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing listens on the port."""
    down()
    try:
        yield
    finally:
        start()


def ago(**units: float) -> datetime:
    return datetime.now(timezone.utc) - timedelta(**units)
