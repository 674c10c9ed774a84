"""An object in parts, from a small server: what comes must be the part that was asked for, of the same object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.failure import BadAnswer, CollectionError
from opsproof.sources.s3.collector import S3Collector
from opsproof.sources.s3.parts import Object, looked_up, part
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.contract.s3_wire import BUCKET, KEY, TIME, Answer, speaking

CONTENT = bytes(range(100))
TAG = '"whole"'


@contextmanager
def served(answer: Answer, folder: Path) -> Iterator[tuple[S3Collector, RecordingLink]]:
    key = folder / "key"
    key.write_text("Planted-4711-key")
    keys = {"access_key": {"file": str(key)}, "secret_key": {"file": str(key)}}
    with faulty.serving(speaking(answer)) as port:
        target = target_of("s3", bucket=BUCKET, endpoint=f"http://127.0.0.1:{port}", **keys)
        yield S3Collector(target), RecordingLink(target)


def said(
    body: bytes, begin: int = 0, *, whole: int = len(CONTENT), tag: str = TAG, hours: int = 0,
    status: str = "206 Partial Content",
) -> bytes:  # fmt: skip
    """An answer with a part, as it should be but for what is given."""
    time = format_datetime(TIME + timedelta(hours=hours), usegmt=True)
    ends = f"Content-Range: bytes {begin}-{begin + len(body) - 1}/{whole}"
    headers = [f"Last-Modified: {time}", *([f"ETag: {tag}"] if tag else [])]
    partly = [ends] if status.startswith("206") else []
    return faulty.http(body, *headers, *partly, status=status)


def head(tag: str = TAG) -> bytes:
    return said(CONTENT, tag=tag, status="200 OK")[: -len(CONTENT)]


def told(answer: bytes, folder: Path, *, tag: str = TAG) -> str:
    """What is said of bytes 40 to 59, of which that is answered."""

    def either(method: str, path: str, query: str) -> bytes:
        assert path == f"/{BUCKET}/{KEY}"
        return answer if method == "GET" else head(tag)

    with served(either, folder) as (collector, link):
        one = looked_up(collector.call, KEY, link)
        with pytest.raises(CollectionError) as caught:
            part(collector.call, one, 40, 20, link)
    assert isinstance(caught.value, BadAnswer)
    return caught.value.message


def test_an_object_comes_in_parts_the_last_of_them_shorter(tmp_path: Path) -> None:
    begins = iter((0, 60))

    def either(method: str, path: str, query: str) -> bytes:
        if method == "HEAD":
            return head()
        begin = next(begins)
        return said(CONTENT[begin : begin + 60], begin)

    with served(either, tmp_path) as (collector, link):
        one = looked_up(collector.call, KEY, link)
        assert one == Object(KEY, 100, TAG, one.modified)
        assert part(collector.call, one, 0, 60, link) == CONTENT[:60]
        assert part(collector.call, one, 60, 60, link) == CONTENT[60:]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (said(CONTENT, status="200 OK"), "more came than was asked for: the server gives no parts"),
        (said(CONTENT[:20], status="200 OK"), "another part of the object came than was asked for"),
        (said(CONTENT[:20], 0), "another part of the object came than was asked for"),
        (said(CONTENT[40:50], 40), "another part of the object came than was asked for"),
        (said(CONTENT[40:60], 40, whole=101), "another part of the object came than was asked for"),
        (said(CONTENT[40:60], 40, tag='"other"'), "the object was replaced while it was read"),
        (said(CONTENT[40:60], 40, tag=""), "the object was replaced while it was read"),
        (said(CONTENT[40:60], 40, hours=1), "the object was replaced while it was read"),
    ],
)
def test_another_part_or_object_is_not_taken(tmp_path: Path, answer: bytes, says: str) -> None:
    assert told(answer, tmp_path) == says


def test_fewer_bytes_than_it_says_they_are(tmp_path: Path) -> None:
    short = said(CONTENT[40:60], 40).replace(b"Content-Length: 20", b"Content-Length: 19")[:-1]
    assert told(short, tmp_path) == "19 of 20 bytes came"


def test_without_tags_an_object_is_known_by_its_time(tmp_path: Path) -> None:
    assert told(said(CONTENT[40:60], 40, tag="", hours=1), tmp_path, tag="") == (
        "the object was replaced while it was read"
    )


def test_the_server_is_asked_for_one_part_of_that_object() -> None:
    """So that a right server sends nothing of another."""
    asked: list[dict[str, Any]] = []

    def call(operation: str, right: str, link: Any, *, take: Any, **words: Any) -> dict[str, Any]:
        asked.append({"operation": operation, "right": right, **words})
        take(CONTENT[40:60])
        return {"ETag": TAG, "LastModified": TIME, "ContentRange": "bytes 40-59/100"}

    link = RecordingLink(target_of("s3", bucket=BUCKET, access_key={"env": "A"}, secret_key={"env": "B"}))
    assert part(call, Object(KEY, 100, TAG, TIME), 40, 20, link) == CONTENT[40:60]
    assert asked == [
        {
            "operation": "get_object",
            "right": "s3:GetObject",
            "Key": KEY,
            "Range": "bytes=40-59",
            "IfMatch": TAG,
        }
    ]
