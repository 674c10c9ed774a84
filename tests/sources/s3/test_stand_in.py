"""What versitygw lacks, of moto, which stands in for Amazon's: it accepts any key, so that it proves no login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from opsproof.model.failure import NotFound
from opsproof.model.target import Target
from opsproof.sources.s3.collector import S3Collector
from opsproof.sources.s3.facts import BucketOf, ContentOf, ObjectsOf
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import stored

pytestmark = pytest.mark.slow
BUCKET, KEY = "shop-backups", "db-20260131.sql.gz"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def versioned(url: str) -> Any:
    """A bucket with versions, whose one backup was deleted: its newest version is a delete marker."""
    session = botocore.session.Session()
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any-secret"}
    client = session.create_client("s3", region_name="us-east-1", endpoint_url=url, **keys)
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=BUCKET, Key=KEY, Body=stored.packed(stored.dump()))
    client.delete_object(Bucket=BUCKET, Key=KEY)
    versions = client.list_object_versions(Bucket=BUCKET)
    assert (1, 1) == (len(versions["Versions"]), len(versions["DeleteMarkers"]))
    return client


@pytest.fixture
def target(url: str, tmp_path: Path) -> Target:
    (tmp_path / "key").write_text("moto-takes-any-key")
    key = {"file": str(tmp_path / "key")}
    return target_of("s3", bucket=BUCKET, endpoint=url, access_key=key, secret_key=key)


def asked(target: Target, ask: Any) -> Any:
    return S3Collector(target).collect(ask, RecordingLink(target))


def test_a_backup_whose_newest_version_is_a_delete_marker_is_none(versioned: Any, target: Target) -> None:
    """Its earlier versions are there, and nothing restores from them by itself."""
    assert "Enabled" == asked(target, BucketOf(target="x")).versioning
    shelf = asked(target, ObjectsOf(target="x", pattern="db-%Y%m%d.sql.gz"))
    assert ((), 0) == (shelf.stored, shelf.others)
    with pytest.raises(NotFound):
        asked(target, ContentOf(target="x", key=KEY))
