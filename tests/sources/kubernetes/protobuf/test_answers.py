"""What a real API server answered, in both forms, becomes the same facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsproof.sources.kubernetes import wire
from opsproof.sources.kubernetes.asks import JSON, PROTOBUF, RESOURCES
from opsproof.sources.kubernetes.protobuf.fields import fields
from opsproof.sources.kubernetes.protobuf.messages import MESSAGES

ANSWERS = Path(__file__).parent / "answers"
BINARY = tuple(name for name, resource in RESOURCES.items() if PROTOBUF in resource.media)

DROPPED = {
    ("RollingUpdateStatefulSetStrategy", "max_unavailable")
}  # by API servers that have it switched off


def facts(name: str, media: str) -> list[Any]:
    body = (ANSWERS / f"{name}.{'pb' if media == PROTOBUF else 'json'}").read_bytes()
    return list(wire.page(body, media, RESOURCES[name], name).items or ())


@pytest.mark.parametrize("name", BINARY)
def test_a_list_by_protobuf_is_the_list_by_json(name: str) -> None:
    """Fields, zero and absent, an empty selector and none, moments, quantities, numbers or texts."""
    found = facts(name, PROTOBUF)
    assert found
    assert facts(name, JSON) == found


def values(message: str, thing: Any) -> Iterator[tuple[str, str, Any]]:
    """Every kept field of a message, and of those within, with the fact's value."""
    for field in fields(message, type(thing)):
        value = getattr(thing, field.name)
        yield message, field.name, value if value != field.default else None
        for one in (value,) if field.kind == "thing" else value or () if field.kind == "things" else ():
            if one is not None:
                yield from values(field.message, one)


def test_the_answers_show_where_every_kept_field_stands() -> None:
    """Else a wrong number in the table would not be seen."""
    found = [
        one for name in BINARY for thing in facts(name, PROTOBUF) for one in values(type(thing).kind, thing)
    ]
    seen = {(message, field) for message, field, value in found if value is not None}
    assert {(message, field) for message, field, _ in found} - seen == DROPPED


def test_every_message_is_in_an_answer() -> None:
    found = {
        message
        for name in BINARY
        for thing in facts(name, PROTOBUF)
        for message, _, _ in values(type(thing).kind, thing)
    }
    empty = {message for message, text in MESSAGES.items() if not text}
    assert MESSAGES.keys() - empty == found


def structs(form: Any, found: set[Any]) -> set[Any]:
    """A fact's form and all forms within it."""
    if isinstance(form, type) and issubclass(form, msgspec.Struct) and form not in found:
        found.add(form)
        for field in msgspec.structs.fields(form):
            structs(field.type, found)
    for inner in getattr(form, "__args__", ()):
        structs(inner, found)
    return found


def test_every_kept_field_stands_in_some_message() -> None:
    """What JSON fills in and protobuf does not would make two facts of one object."""
    read: dict[Any, set[str]] = {}

    def walk(message: str, form: Any) -> None:
        known = read.setdefault(form, set())
        for field in fields(message, form):
            known.add(field.name)
            if field.kind in {"thing", "things"}:
                walk(field.message, field.fact)

    for name in BINARY:
        walk(RESOURCES[name].fact.kind, RESOURCES[name].fact)
    missing = {
        (form.__name__, name)
        for form, known in read.items()
        for name in form.__struct_fields__
        if name not in known
    }
    assert missing == set()
