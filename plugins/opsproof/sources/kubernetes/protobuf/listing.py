"""A list as the API server sends it in protobuf: an envelope that names the kind, then token and items."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from opsproof.sources.kubernetes.protobuf.reader import FAULTS, Reader, Unfit

_MAGIC = b"k8s\0"


class Damaged(Exception):
    """No list of the expected kind; `kind` is what came in its place, where the envelope tells it."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind


class Listed:
    """A list as it was parsed: the next page's token, and its items, which become facts when they are asked for."""

    def __init__(self, found: Any, reader: Reader) -> None:
        self.next: str = found._1._3
        self._found = found
        self._reader = reader

    @property
    def items(self) -> list[Any]:
        """Raises Damaged."""
        try:
            return list(map(self._reader.read, self._found._2[:]))
        except FAULTS as error:
            raise Damaged(_reason(error)) from None
        finally:
            self._reader.forget()


def listed(body: bytes, kind: str, reader: Reader) -> Listed:
    """The list that a body holds. Raises Damaged."""
    if not body.startswith(_MAGIC):
        raise Damaged("found no protobuf of Kubernetes")
    content = memoryview(body)[len(_MAGIC) :]
    try:
        whole = reader.schema.of("Whole").FromString(content)
    except DecodeError as error:
        raise Damaged(_reason(error), _other(content, kind, reader)) from None
    if whole._1._2 != kind:
        raise Damaged("found something else", whole._1._2)
    if whole._3 or whole._4:
        raise Damaged("found it packed otherwise")
    # Every list has metadata; without it these are the bytes of something else.
    if not whole._2.HasField("_1") or any(map(_misread, (whole, whole._2, *whole._2._2[:]))):
        raise Damaged("found it with another shape")
    return Listed(whole._2, reader)


def _other(content: memoryview, kind: str, reader: Reader) -> str:
    """The kind that an envelope names whose content is no such list; "" where it names that one, or none."""
    try:
        named: str = reader.schema.of("Envelope").FromString(content)._1._2
    except DecodeError:
        return ""
    return "" if named == kind else named


def _misread(found: Any) -> bool:
    """Whether one of our fields came with another wire type: it was passed over as if it were unknown."""
    strangers = UnknownFieldSet(found)
    return len(strangers) > 0 and any(
        one.field_number in found.DESCRIPTOR.fields_by_number for one in strangers
    )


def _reason(error: Exception) -> str:
    return (
        f"found it with another shape: {error}" if isinstance(error, Unfit) else "found no complete protobuf"
    )
