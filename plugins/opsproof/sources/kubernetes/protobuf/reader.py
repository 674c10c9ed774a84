"""Facts of messages: the same that msgspec makes of the API server's JSON.

The API always writes numbers and texts that are no pointers, where JSON leaves zero out: zero is the fact's
default. Pointers are written where they point to something.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from sys import intern
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from opsproof.sources.kubernetes.protobuf.fields import Field, fields
from opsproof.sources.kubernetes.protobuf.schema import Schema, named

Read = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# How the value of a field becomes the fact's: {} is the field, {n} tells apart what belongs to each.
_FORMS = {
    "text": "{}",
    "whole": "{}",
    "truth": "{}",
    "quantity": "{}._1",
    "either": "either({})",
    "moment": "moment({})",
    "fine": "fine({})",
    "texts": "tuple(x[:]) if (x := {}) else default{n}",
    "labels": "labels(tuple({}[:]))",
    "notes": "kept(dict(map(note, x[:])), fact{n}) if (x := {}) else default{n}",
    "amounts": "kept(dict(map(amount, x[:])), fact{n}) if (x := {}) else default{n}",
    "thing": "read{n}({})",
    "things": "tuple(map(read{n}, x[:])) if (x := {}) else default{n}",
}
_ZERO = {"text", "whole", "truth"}


class Unfit(ValueError):
    """A message that is none of the API's: it lacks a field, or has a value that nobody knows."""


class Reader:
    """Makes facts of one kind of message, and of all that lies within it."""

    def __init__(self, message: str, fact: Any) -> None:
        self.schema = Schema(message, fact)
        self._memories: list[Any] = []
        self._made: dict[str, Read] = {}
        note = self._parsed("Entry", lambda one: (one._1, one._2))
        self._entry = self._remembered(note)
        self._known: dict[str, Any] = {
            "labels": self._remembered(self._labels),
            "amount": self._remembered(self._parsed("Amount", lambda one: (one._1, one._2._1))),
            "moment": self._remembered(self._parsed("Time", _moment)),
            "fine": self._parsed("Time", _fine),
            "note": note,
            "kept": msgspec.convert,
            "once": intern,
            "either": _either,
            "lacking": _lacking,
            "unknown": _unknown,
        }
        self.read = self._reading(message, fact)

    def forget(self) -> None:
        """What comes again does so within a page."""
        for memory in self._memories:
            memory.cache_clear()

    def _labels(self, entries: tuple[bytes, ...]) -> dict[str, str]:
        return dict(map(self._entry, entries))

    def _remembered(self, read: Read) -> Read:
        memory = lru_cache(maxsize=None)(read)
        self._memories.append(memory)
        return memory

    def _parsed(self, name: str, read: Read) -> Read:
        parse = self.schema.of(name).FromString
        return lambda raw: read(parse(raw))

    def _reading(self, message: str, fact: Any) -> Read:
        name = named(message, fact)
        if name not in self._made:
            self._made[name] = self._compiled(message, fact)
        return self._made[name]

    def _compiled(self, message: str, fact: Any) -> Read:
        """A function with one expression for each field, as dataclasses makes its own: loops would take twice as long."""
        names, values = {**self._known, "fact": fact}, []
        for number, one in enumerate(fields(message, fact)):
            names |= {f"default{number}": one.default, f"fact{number}": one.fact}
            names[f"choices{number}"] = {text: text for text in one.choices}
            if one.kind in {"thing", "things"}:
                names[f"read{number}"] = self._reading_of(one)
            values.append(f"{one.name}={_expression(one, number)}")
        made: Read = eval(f"lambda found: fact({', '.join(values)})", names)  # noqa: S307 - our own table's names
        return made

    def _reading_of(self, one: Field) -> Read:
        read = self._reading(one.message, one.fact)
        return self._remembered(self._parsed(named(one.message, one.fact), read)) if one.again else read


def _expression(one: Field, number: int) -> str:
    *above, last = (f"_{part}" for part in one.way)
    holder = ".".join(("found", *above))
    value = _FORMS[one.kind].format(f"{holder}.{last}", n=number)
    there = f"{holder}.HasField({last!r})"
    if one.choices:
        return f"choices{number}.get({value}) or unknown()"
    if one.again and one.kind == "text":
        value = f"once({value})"
    if one.again and one.kind == "thing":
        return f"read{number}(x) if (x := {holder}.{last}) else default{number}"
    if one.required:
        present = f"{value} if {there} else lacking()"
        return f"{value} or ({present})" if one.kind in _ZERO else present
    if one.maybe and one.kind not in {"moment", "fine", "things", "texts"}:
        return f"{value} if {there} else default{number}"
    return f"{value} or default{number}" if one.kind in _ZERO and one.default else value


def _lacking() -> None:
    raise Unfit("a field is missing")


def _unknown() -> None:
    raise Unfit("an unknown value")


def _either(found: Any) -> int | str:
    """A number or a text, by its type."""
    return str(found._3) if found._1 == 1 else int(found._2)


def _moment(found: Any) -> datetime | None:
    """Whole seconds, as JSON has them; an empty message is a moment that is not set."""
    return _EPOCH + timedelta(seconds=found._1) if found.HasField("_1") else None


def _fine(found: Any) -> datetime | None:
    """With microseconds, as JSON has them."""
    whole = _moment(found)
    return whole + timedelta(microseconds=found._2 // 1000) if whole is not None else None


FAULTS = (DecodeError, ValueError, OverflowError, msgspec.ValidationError)
