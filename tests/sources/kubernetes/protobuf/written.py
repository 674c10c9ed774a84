"""Objects as the API server writes them in protobuf, by the same table that they are read by, and made at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import msgspec

from opsproof.sources.kubernetes.facts.meta import Amounts
from opsproof.sources.kubernetes.protobuf.fields import Field, fields

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    """Text, bytes, or a message."""
    data = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(data)) + data


def envelope(kind: str, raw: bytes, *, packed: str = "", form: str = "") -> bytes:
    head = block(1, block(1, "v1") + block(2, kind))
    return b"k8s\0" + head + block(2, raw) + block(3, packed) + block(4, form)


def page(kind: str, things: Iterable[Any], token: str = "") -> bytes:
    """A list of facts of that kind."""
    meta = block(1, block(1, "") + block(2, "7") + block(3, token))
    return envelope(f"{kind}List", meta + b"".join(block(2, message(kind, one)) for one in things))


def message(name: str, thing: Any) -> bytes:
    """Numbers and texts that are no pointers are always written; what JSON does not show lies within."""
    found: dict[tuple[int, ...], bytes] = {}
    for field in fields(name, type(thing)):
        *above, last = field.way
        written = b"".join(_value(last, field, one) for one in _all(field, getattr(thing, field.name)))
        found[tuple(above)] = found.get(tuple(above), b"") + written
    return b"".join(block(*way, content) if way else content for way, content in found.items())  # type: ignore[arg-type]


def _all(field: Field, value: Any) -> list[Any]:
    if field.kind in {"labels", "notes", "amounts"}:
        return list(value.items() if isinstance(value, dict) else msgspec.to_builtins(value).items())
    if field.repeated:
        return list(value or ())
    if field.kind in {"moment", "fine"}:
        return [value]
    absent = (
        value is None or (field.maybe and value == field.default) or (field.kind == "quantity" and not value)
    )
    return [] if absent else [value]


def _value(last: int, field: Field, value: Any) -> bytes:
    if field.kind in {"whole", "truth", "text"} and value == field.default:
        value = "" if field.kind == "text" else 0
    if field.kind in {"whole", "truth"}:
        return number(last, int(value))
    if field.kind in {"text", "texts"}:
        return block(last, value)
    if field.kind in {"labels", "notes"}:
        return block(last, block(1, value[0]) + block(2, value[1]))
    if field.kind == "amounts":
        return block(last, block(1, value[0]) + block(2, block(1, value[1])))
    if field.kind == "quantity":
        return block(last, block(1, value))
    if field.kind == "either":
        text = isinstance(value, str)
        return block(
            last, number(1, text) + number(2, 0 if text else value) + block(3, value if text else "")
        )
    if field.kind in {"moment", "fine"}:
        return block(last, _moment(value))
    return block(last, message(field.message, value))


def _moment(value: datetime | None) -> bytes:
    if value is None:
        return b""
    whole = (value - _EPOCH) // timedelta(seconds=1)
    return number(1, whole) + number(2, value.microsecond * 1000)


class Maker:
    """Makes any object that the API may hold, as far as it is kept; the same again of the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)

    def thing(self, name: str, fact: Any) -> Any:
        return fact(**{field.name: self._value(field) for field in fields(name, fact)})

    def _value(self, field: Field) -> Any:
        bare = field.maybe or (field.repeated and field.kind != "labels") or field.kind in {"moment", "fine"}
        if bare and self._dice.random() < 0.4:
            return field.default
        return self._kinds(field)[field.kind]()

    def _kinds(self, field: Field) -> Mapping[str, Callable[[], Any]]:
        dice, text = self._dice, self._text
        empty = "" if field.required or field.maybe else field.default
        return {
            "text": lambda: dice.choice(sorted(field.choices)) if field.choices else text() or empty,
            "texts": lambda: tuple(text() for _ in range(dice.randint(1, 2))),
            "whole": lambda: dice.choice((0, 1, -1, 2**63 - 1, -(2**63), dice.randint(0, 10**6))),
            "truth": lambda: dice.random() < 0.5,
            "labels": lambda: {text(): text() for _ in range(dice.randint(0, 2))},
            "notes": lambda: field.fact(**{one: text() for one in field.fact.__struct_fields__}),
            "amounts": lambda: Amounts(cpu=text(), memory=text(), pods=text()),
            "quantity": text,
            "either": lambda: dice.choice((0, -(2**31), dice.randint(1, 2**31 - 1), text(), "50%")),
            "moment": lambda: self._moment().replace(microsecond=0),
            "fine": self._moment,
            "thing": lambda: self.thing(field.message, field.fact),
            "things": lambda: tuple(self.thing(field.message, field.fact) for _ in range(dice.randint(1, 2))),
        }

    def _text(self) -> str:
        return self._dice.choice(("", "a", "b/c.d", "\u00fc\U0001f4a5", '\0\x1f"\\', "x" * 200))

    def _moment(self) -> datetime:
        """Between the years 1 and 9999; the very first moment is the API's word for none."""
        return _EPOCH + timedelta(microseconds=self._dice.randint(-62135596799_000000, 253402300799_999999))
