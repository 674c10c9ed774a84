"""The API server's bodies as facts: pages of lists, single objects, readiness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from opsproof.model.decoding import decoder
from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes.asks import JSON, PROTOBUF, Resource
from opsproof.sources.kubernetes.facts.cluster import ReadyPart, ServerReadiness
from opsproof.sources.kubernetes.protobuf import listing
from opsproof.sources.kubernetes.protobuf.reader import Reader

T = TypeVar("T")


class _ListMeta(msgspec.Struct):
    token: str = msgspec.field(default="", name="continue")


class Page(Protocol):
    """One page of a list: the token of the next one, "" after the last, and the facts."""

    @property
    def next(self) -> str: ...

    @property
    def items(self) -> Sequence[Any] | None:
        """Raises BadAnswer: one of them is not what the API has."""


class _JsonPage(msgspec.Struct, Generic[T]):
    """`items` has no default, so that a Status body is not taken for an empty list."""

    kind: str
    items: list[T] | None
    metadata: _ListMeta

    @property
    def next(self) -> str:
        return self.metadata.token


class _BinaryPage:
    """Its items become facts when they are asked for, so that the next page can be under way by then."""

    def __init__(self, found: listing.Listed, expected: str) -> None:
        self.next = found.next
        self._found = found
        self._expected = expected

    @property
    def items(self) -> Sequence[Any]:
        try:
            return self._found.items
        except listing.Damaged as damage:
            raise BadAnswer(f"{self._expected}, {damage.message}") from None


class _StatusDetails(msgspec.Struct):
    name: str = ""


class _Status(msgspec.Struct):
    kind: str = ""
    details: _StatusDetails | None = None


class _Kind(msgspec.Struct):
    kind: str = ""


def page(body: bytes, media: str, resource: Resource, where: str) -> Page:
    """One page of a list, in the form that the answer says it has. Raises BadAnswer for anything else."""
    form = media.partition(";")[0].strip().lower()
    if form == PROTOBUF and PROTOBUF in resource.media:
        return _binary(body, resource, where)
    if form == JSON:
        found: Page = _decoded(body, _JsonPage[resource.fact], resource.list_kind, where)  # type: ignore[name-defined]
        return found
    instead = "HTML" if body.lstrip()[:1] == b"<" else _media(form)
    raise BadAnswer(f"{where}: expected {resource.list_kind}, found {instead}")


def _binary(body: bytes, resource: Resource, where: str) -> Page:
    expected = f"{where}: expected {resource.list_kind}"
    try:
        return _BinaryPage(listing.listed(body, resource.list_kind, reader(resource.fact)), expected)
    except listing.Damaged as damage:
        raise BadAnswer(
            f"{expected}, {f'found {_word(damage.kind)}' if damage.kind else damage.message}"
        ) from None


_making = Lock()


def reader(fact: Any) -> Reader:
    """The reader of a fact's messages; one thread at a time makes one."""
    with _making:
        return _reader(fact)


@cache
def _reader(fact: Any) -> Reader:
    return Reader(fact.kind, fact)


def _media(form: str) -> str:
    """A content type as it may be repeated."""
    if not form:
        return "an answer without a content type"
    return form if re.fullmatch(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}", form) else "another content type"


def thing(body: bytes, fact: Any, kind: str, where: str) -> Any:
    """One object. Raises BadAnswer for anything else."""
    return _decoded(body, fact, kind, where)


def _decoded(body: bytes, form: Any, kind: str, where: str) -> Any:
    """Decode, and refuse another kind than was asked for."""
    try:
        found = decoder(form).decode(body)
        actual = found.kind if isinstance(found, _JsonPage) else kind and decoder(_Kind).decode(body).kind
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"{where}: expected {kind or 'JSON'}, {_instead(body, kind, error)}") from None
    if actual != kind:
        raise BadAnswer(f"{where}: expected {kind}, found {_word(actual)}")
    return found


def _instead(body: bytes, expected: str, error: Exception) -> str:
    """What came in place of the expected kind, without repeating it."""
    if body.lstrip()[:1] == b"<":
        return "found HTML"
    try:
        kind = decoder(_Kind).decode(body).kind
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "found no complete JSON"
    if kind != expected:
        return f"found {_word(kind)}"
    # The library's messages name types and places; only those about enumerations repeat a value.
    text = str(error)
    known = f"an unknown value{text[text.find(' - at') :]}" if "enum" in text else text
    return f"found it with another shape: {known}"


def _word(kind: str) -> str:
    return kind if re.fullmatch(r"[A-Za-z]{1,60}", kind) else "something else"


def missing_object(body: bytes, name: str) -> bool:
    """Whether a 404 says that the object does not exist (not that the API has no such resource)."""
    try:
        status: _Status = decoder(_Status).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return status.kind == "Status" and status.details is not None and status.details.name == name


_LINE = re.compile(r"\[([+-])\](\S+) ")


def readiness(status: int, body: bytes) -> ServerReadiness:
    """Read `/readyz?verbose`: one `[+]part ok` or `[-]part failed: ...` a line, then the whole.

    Raises:
        BadAnswer: not that form.
    """
    text = body.decode("utf-8", "replace")
    parts = tuple(ReadyPart(match[2], match[1] == "+") for match in _LINE.finditer(text))
    last = text.rstrip().rpartition("\n")[2]
    if not parts or last not in {"readyz check passed", "readyz check failed"}:
        raise BadAnswer("/readyz?verbose: expected the list of its parts, found something else")
    passed = status == 200 and last.endswith("passed") and all(part.ok for part in parts)
    return ServerReadiness(passed, status, parts)
