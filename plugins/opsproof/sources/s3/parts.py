"""An object read in parts, each of them proven to be of the same object: nothing stays open between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsproof.model.failure import BadAnswer
from opsproof.transport.link import Link

_RIGHT = "s3:GetObject"
_REPLACED = "the object was replaced while it was read"
Call = Callable[..., Any]  # a collector's: one of the API's operations on its bucket


@dataclass(frozen=True)
class Object:
    """One object as it is now: whatever replaces it has another tag, time or size."""

    key: str
    size: int
    etag: str
    modified: datetime | None

    def same(self, told: Mapping[str, Any]) -> bool:
        return (told.get("ETag") or "", told.get("LastModified")) == (self.etag, self.modified)


def looked_up(call: Call, key: str, link: Link) -> Object:
    """Raises CollectionError: it is not there, or may not be seen."""
    told = call("head_object", _RIGHT, link, Key=key)
    size = told.get("ContentLength")
    if not isinstance(size, int) or size < 0:
        raise BadAnswer("an object without a size", target=link.target.id)
    return Object(key, size, told.get("ETag") or "", told.get("LastModified"))


def part(call: Call, one: Object, begin: int, most: int, link: Link) -> bytes:
    """Up to so many bytes of it from `begin` on.

    Raises:
        CollectionError: it could not be read whole, or is no longer the same object.
    """
    end = min(begin + most, one.size)
    taken = _Taken(end - begin, link)
    same = {"IfMatch": one.etag} if one.etag else {}
    told = call(
        "get_object", _RIGHT, link, Key=one.key, Range=f"bytes={begin}-{end - 1}", take=taken.take, **same
    )
    if not one.same(told):
        raise BadAnswer(_REPLACED, target=link.target.id)
    if told.get("ContentRange") != f"bytes {begin}-{end - 1}/{one.size}":
        raise BadAnswer("another part of the object came than was asked for", target=link.target.id)
    if len(taken.content) != end - begin:
        raise BadAnswer(f"{len(taken.content)} of {end - begin} bytes came", target=link.target.id)
    return bytes(taken.content)


class _Taken:
    """What came of one part, and no more than was asked for."""

    def __init__(self, wanted: int, link: Link) -> None:
        self._wanted = wanted
        self._link = link
        self.content = bytearray()

    def take(self, piece: bytes) -> None:
        self.content += piece
        if len(self.content) > self._wanted:
            raise BadAnswer(
                "more came than was asked for: the server gives no parts", target=self._link.target.id
            )
