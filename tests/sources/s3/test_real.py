"""A bucket of versitygw, and the settings that it lacks of moto, which stands in for Amazon's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from opsproof.model.failure import CollectionError, Forbidden, Unauthenticated
from opsproof.model.rights import Need
from opsproof.model.stored import Content, Shelf
from opsproof.model.target import Target
from opsproof.sources.s3.collector import S3Collector
from opsproof.sources.s3.facts import SETTINGS, Bucket, BucketOf, ContentOf, ObjectsOf
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import build, stored
from tests.testbed.services import s3

pytestmark = [pytest.mark.testbed, pytest.mark.slow]
BUCKET, PATTERN = "accelerapp-backups", "%Y/%m/db-%Y%m%d.sql.gz"


@pytest.fixture(scope="module", autouse=True)
def _server(apart: None) -> Iterator[None]:
    build.ensure(lambda text: None)
    s3.up()
    yield
    s3.down()


def target(
    bucket: str = BUCKET, user: str = s3.USER, identity: dict[str, str] | None = None, **more: Any
) -> Target:
    return target_of("s3", identity=identity, **s3.settings(bucket, user, **more))


def asked(made: Target, ask: Any) -> Any:
    return S3Collector(made).collect(ask, RecordingLink(made))


def failure(made: Target, ask: Any) -> tuple[str, str]:
    with pytest.raises(CollectionError) as caught:
        asked(made, ask)
    return caught.value.as_failure().kind, caught.value.message


OBJECTS = ObjectsOf(target="s3:test", pattern=PATTERN)


def test_a_months_backups_with_their_times() -> None:
    """An object is as old as its file."""
    shelf = asked(target(), OBJECTS)
    assert isinstance(shelf, Shelf)
    assert len(shelf.stored) in {stored.DAYS - 1, stored.DAYS}
    assert {3} == {one.modified.hour for one in shelf.stored}
    assert 2 * len(shelf.stored) == shelf.others


def test_all_pages_of_a_thousand() -> None:
    s3.make("many-backups")
    for number in range(2500):
        s3.put("many-backups", f"many/{number:05}-20260131.gz", b"x", s3.ago(hours=1))
    made = target("many-backups")
    link = RecordingLink(made)
    shelf = S3Collector(made).collect(ObjectsOf(target="x", pattern="many/*-%Y%m%d.gz"), link)
    assert isinstance(shelf, Shelf)
    assert (2500, 3) == (len(shelf.stored), len(link.paths))


def test_a_dump_is_streamed_to_its_end() -> None:
    newest = asked(target(), OBJECTS).stored[-1]
    content = asked(target(), ContentOf(target="x", key=newest.name))
    assert isinstance(content, Content)
    assert ("gzip", "", True, newest.size) == (
        content.packing,
        content.problem,
        content.trailer,
        content.size,
    )


def test_settings_as_far_as_it_has_them() -> None:
    found = asked(target(), BucketOf(target="x"))
    assert isinstance(found, Bucket)
    assert (False, None, None, ()) == (found.public, found.encryption, found.expiries, found.unseen)


def test_the_policy_of_the_rights_is_all_that_is_needed() -> None:
    made = target()
    needs = [Need("s3:ListBucket"), Need("s3:GetObject"), *map(Need, SETTINGS)]
    assert [] == S3Collector(made).lacks(needs, RecordingLink(made))
    with s3.refused(BUCKET, "s3:GetBucketAcl"):
        lacking = S3Collector(made).lacks(needs, RecordingLink(made))
    assert {"s3:ListBucket", "s3:GetObject", "s3:GetBucketVersioning"} <= {one.verb for one in lacking}
    assert Need("s3:GetBucketAcl") not in lacking


def test_with_it_nothing_can_be_written() -> None:
    with pytest.raises(Exception, match="AccessDenied"):
        s3.client(s3.USER).put_object(Bucket=BUCKET, Key="planted", Body=b"x")
    newest = asked(target(), OBJECTS).stored[-1]
    with pytest.raises(Exception, match="AccessDenied"):
        s3.client(s3.USER).delete_object(Bucket=BUCKET, Key=newest.name)


def test_who_may_not_see_it_is_told_which_right_is_missing() -> None:
    assert ("Forbidden", "the right s3:ListBucket is missing") == failure(target(user=s3.STRANGER), OBJECTS)


def test_a_bucket_that_is_not_there_is_no_empty_one() -> None:
    assert ("NotFound", "there is no such bucket") == failure(target("nowhere"), OBJECTS)


def test_wrong_keys(tmp_path: Any) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another-key")
    for key, message in (
        ("secret_key", "the secret key does not belong to the access key"),
        ("access_key", "the server does not know the access key"),
    ):
        made = target_of("s3", **{**s3.settings(BUCKET), key: {"file": str(wrong)}})
        assert ("Unauthenticated", message) == failure(made, OBJECTS)
        with pytest.raises(
            Unauthenticated, match=message
        ):  # which begins with HEAD, whose refusal says nothing
            S3Collector(made).identify(RecordingLink(made))


def test_who_may_not_see_it_is_not_told_that_the_keys_are_wrong() -> None:
    made = target(user=s3.STRANGER)
    with pytest.raises(Forbidden, match="the right s3:ListBucket is missing"):
        S3Collector(made).identify(RecordingLink(made))


def test_the_account_is_proven_and_another_ones_bucket_is_refused() -> None:
    made = target(identity={"account": s3.ADMIN})
    assert s3.ADMIN == S3Collector(made).identify(RecordingLink(made)).identity["account"]
    other = target(identity={"account": "999988887777"})
    with pytest.raises(CollectionError, match="not one of the account 999988887777"):
        S3Collector(other).identify(RecordingLink(other))
    assert "Forbidden" == failure(other, OBJECTS)[0]


def test_an_upload_in_parts_that_is_not_over_is_no_object() -> None:
    """A backup that is being uploaded is not there before it is whole."""
    before = len(asked(target(), OBJECTS).stored)
    made = s3.client().create_multipart_upload(Bucket=BUCKET, Key="2026/01/db-20260101.sql.gz")
    words = {"Bucket": BUCKET, "Key": "2026/01/db-20260101.sql.gz", "UploadId": made["UploadId"]}
    try:
        s3.client().upload_part(**words, PartNumber=1, Body=b"x" * 1000)
        assert before == len(asked(target(), OBJECTS).stored)
    finally:
        s3.client().abort_multipart_upload(**words)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Any]:
    """moto: it accepts any key, so that it proves no login."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


def test_settings_that_only_the_stand_in_has(stand_in: tuple[str, int], tmp_path: Any) -> None:
    key = tmp_path / "key"
    key.write_text("moto-takes-any-key")
    url = f"http://{stand_in[0]}:{stand_in[1]}"
    client = s3._client("any", url, "any-secret")
    client.create_bucket(Bucket="shop-backups")
    keys = {"access_key": {"file": str(key)}, "secret_key": {"file": str(key)}}
    made = target_of("s3", bucket="shop-backups", endpoint=url, **keys)
    before = asked(made, BucketOf(target="x"))
    assert ((), "", "", False) == (before.expiries, before.encryption, before.versioning, before.public)
    rule = {"ID": "monthly", "Status": "Enabled", "Filter": {"Prefix": "db-"}, "Expiration": {"Days": 7}}
    off = {**rule, "ID": "off", "Status": "Disabled"}
    client.put_bucket_lifecycle_configuration(
        Bucket="shop-backups", LifecycleConfiguration={"Rules": [rule, off]}
    )
    client.put_bucket_versioning(Bucket="shop-backups", VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_encryption(
        Bucket="shop-backups",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    client.put_bucket_acl(Bucket="shop-backups", ACL="public-read")
    after = asked(made, BucketOf(target="x"))
    assert [("monthly", "db-", 7, False)] == [
        (one.name, one.prefix, one.days, one.filtered) for one in after.expiries
    ]
    assert ("aws:kms", "Enabled", True) == (after.encryption, after.versioning, after.public)
