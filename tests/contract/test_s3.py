"""A bucket keeps the collector contract."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.sources.s3.facts import BucketOf, ContentOf, ObjectsOf
from opsproof.testing.contract import CollectorContract
from tests.contract.s3_wire import BUCKET, KEY, S3


class _S3(CollectorContract):
    kind = "s3"
    spoken = S3()

    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A busy server is asked again without a pause."""
        monkeypatch.setattr("opsproof.sources.s3.wire.random.uniform", lambda low, high: 0.0)

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {
            "bucket": BUCKET,
            "endpoint": f"http://127.0.0.1:{port}",
            "access_key": {"file": secret},
            "secret_key": {"file": secret},
        }


class TestObjects(_S3):
    ask = ObjectsOf(target="s3:test", pattern="db-%Y%m%d.sql.gz")


@pytest.mark.slow
class TestBucket(_S3):
    ask = BucketOf(target="s3:test")


class TestContent(_S3):
    ask = ContentOf(target="s3:test", key=KEY)
