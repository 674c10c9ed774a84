"""What of a message is kept in a fact, and what it holds: the fact's types, and the numbers of `messages`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from opsproof.sources.kubernetes.facts.meta import Amounts
from opsproof.sources.kubernetes.protobuf.messages import MESSAGES

_ENTRY = re.compile(r"(?P<name>\w+)=(?P<way>[\d.]+)(?P<maybe>\?)?(?::(?P<message>\w+))?(?P<again>~)?")


@dataclass(frozen=True)
class Field:
    """One kept field.

    Args:
        name: the fact's attribute.
        way: field numbers, from the message itself through those that JSON does not show.
        kind: what it holds: text, whole, truth, texts, labels, notes, amounts, moment, fine (a moment with
            microseconds), quantity, either (a number or a text), thing or things.
        message, fact: what things are.
        maybe: it may be absent, which is not the same as zero.
        again: it mostly comes again.
        default: the fact's value where it is absent; `required` where the fact has none.
        choices: what a text may be.
    """

    name: str
    way: tuple[int, ...]
    kind: str
    message: str
    fact: Any
    maybe: bool
    again: bool
    default: Any
    required: bool
    choices: frozenset[str]

    @property
    def repeated(self) -> bool:
        return self.kind in {"texts", "labels", "notes", "amounts", "things"}


@cache
def fields(message: str, fact: Any) -> tuple[Field, ...]:
    """The kept fields of a message."""
    of_fact = _of_fact(fact)
    entries = _ENTRY.finditer(MESSAGES[message])
    return tuple(_field(entry, of_fact[entry["name"]]) for entry in entries if entry["name"] in of_fact)


@cache
def _of_fact(fact: Any) -> Mapping[str, msgspec.structs.FieldInfo]:
    """By the name in JSON. To look at a fact's types takes a millisecond."""
    return {one.encode_name: one for one in msgspec.structs.fields(fact)}


def _field(entry: re.Match[str], one: msgspec.structs.FieldInfo) -> Field:
    form, optional = _without_none(one.type)
    return Field(
        name=one.name,
        way=tuple(map(int, entry["way"].split("."))),
        kind=_kind(form, entry["message"] or ""),
        message=entry["message"] or "",
        fact=get_args(form)[0] if get_origin(form) is tuple else form,
        maybe=optional or bool(entry["maybe"]),
        again=bool(entry["again"]),
        default=one.default_factory() if one.default_factory is not msgspec.NODEFAULT else one.default,
        required=one.required,
        choices=frozenset(get_args(form)) if get_origin(form) is Literal else frozenset(),
    )


def _without_none(form: Any) -> tuple[Any, bool]:
    if get_origin(form) not in {Union, UnionType} or NoneType not in get_args(form):
        return form, False
    left = tuple(one for one in get_args(form) if one is not NoneType)
    return Union[left], True  # noqa: UP007 - made of several


_BY_MESSAGE = {"MicroTime": "fine", "Quantity": "quantity", "int32": "whole"}
_BY_TYPE = {str: "text", int: "whole", bool: "truth", datetime: "moment", Amounts: "amounts"}
_BY_ORIGIN = {Union: "either", UnionType: "either", Literal: "text", dict: "labels"}


def _kind(form: Any, message: str) -> str:
    origin = get_origin(form)
    known = _BY_MESSAGE.get(message) or _BY_TYPE.get(form) or _BY_ORIGIN.get(origin)
    if known is None and origin is tuple:
        return "things" if message else "texts"
    return known or ("thing" if message else "notes")
