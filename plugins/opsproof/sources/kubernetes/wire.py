"""The API server's bodies as facts: pages of lists, single objects, readiness."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import msgspec

from opsproof.model.decoding import decoder
from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes.asks import Resource
from opsproof.sources.kubernetes.facts.cluster import ReadyPart, ServerReadiness

T = TypeVar("T")


class _ListMeta(msgspec.Struct):
    token: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[T]):
    """One page. `items` has no default, so that a Status body is not taken for an empty list."""

    kind: str
    items: list[T] | None
    metadata: _ListMeta

    @property
    def next(self) -> str:
        """The token of the next page, "" after the last."""
        return self.metadata.token


class _StatusDetails(msgspec.Struct):
    name: str = ""


class _Status(msgspec.Struct):
    kind: str = ""
    details: _StatusDetails | None = None


class _Kind(msgspec.Struct):
    kind: str = ""


def page(body: bytes, resource: Resource, where: str) -> Page[Any]:
    """One page of a list. Raises BadAnswer for anything else."""
    form = Page[resource.fact]  # type: ignore[name-defined]
    found: Page[Any] = _decoded(body, form, resource.list_kind, where)
    return found


def thing(body: bytes, fact: Any, kind: str, where: str) -> Any:
    """One object. Raises BadAnswer for anything else."""
    return _decoded(body, fact, kind, where)


def _decoded(body: bytes, form: Any, kind: str, where: str) -> Any:
    """Decode, and refuse another kind than was asked for."""
    try:
        found = decoder(form).decode(body)
        actual = found.kind if isinstance(found, Page) else kind and decoder(_Kind).decode(body).kind
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
