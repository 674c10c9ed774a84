"""Message classes of the kept fields alone: all others are skipped as they are parsed.

What a field holds follows from the fact that it becomes part of; `messages` tells its number.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import (
    EDITION_2023,
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

from opsproof.sources.kubernetes.protobuf.fields import Field, fields

_PACKAGE = "kept"
_Kinds = FieldDescriptorProto
_TEXT, _WHOLE, _TRUTH, _BYTES = _Kinds.TYPE_STRING, _Kinds.TYPE_INT64, _Kinds.TYPE_BOOL, _Kinds.TYPE_BYTES
_SIMPLE = {
    "text": _TEXT,
    "texts": _TEXT,
    "whole": _WHOLE,
    "truth": _TRUTH,
}  # bytes, where it mostly comes again
_SMALL = {"quantity": "Quantity", "either": "IntOrString"}
# Messages that are not made of a fact: type by field number.
_FIXED: dict[str, dict[int, int | str]] = {
    "TypeMeta": {1: _TEXT, 2: _TEXT},
    "Envelope": {1: "TypeMeta", 3: _TEXT, 4: _TEXT},  # the list itself is 2
    "ListMeta": {3: _TEXT},
    "Entry": {1: _TEXT, 2: _TEXT},
    "Quantity": {1: _TEXT},
    "Amount": {1: _TEXT, 2: "Quantity"},
    "Time": {1: _WHOLE, 2: _WHOLE},
    "IntOrString": {1: _WHOLE, 2: _WHOLE, 3: _TEXT},
}


class Schema:
    """The classes of one kind of object, of a list of it, and of all that lies within; a field is called `_<number>`."""

    def __init__(self, message: str, fact: Any) -> None:
        self._messages: dict[str, DescriptorProto] = {}
        for name, types in _FIXED.items():
            made = self._new(name)
            for number, of in types.items():
                _add(made, number, of)
        self._object(message, fact)
        page = self._new("List")
        _add(page, 1, "ListMeta")
        _add(page, 2, named(message, fact), repeated=True)
        whole = self._new("Whole")
        for number, of in {**_FIXED["Envelope"], 2: "List"}.items():
            _add(whole, number, of)
        file = FileDescriptorProto(
            name=f"{message}.proto", package=_PACKAGE, syntax="editions", edition=EDITION_2023,
            message_type=self._messages.values(),
        )  # fmt: skip
        pool = descriptor_pool.DescriptorPool()
        pool.AddSerializedFile(file.SerializeToString())
        self._classes = {
            name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
            for name in self._messages
        }

    def of(self, name: str) -> Any:
        """The class of a message."""
        return self._classes[name]

    def _new(self, name: str) -> DescriptorProto:
        return self._messages.setdefault(name, DescriptorProto(name=name))

    def _object(self, message: str, fact: Any) -> str:
        name = named(message, fact)
        if name not in self._messages:
            made = self._new(name)
            for one in fields(message, fact):
                _add(self._within(made, one.way[:-1]), one.way[-1], self._type(one), repeated=one.repeated)
        return name

    def _type(self, one: Field) -> int | str:
        inner = self._object(one.message, one.fact) if one.kind in {"thing", "things"} else ""
        if inner and not one.again:
            return inner
        return _SMALL.get(one.kind) or _SIMPLE.get(one.kind, _BYTES)

    def _within(self, made: DescriptorProto, way: tuple[int, ...]) -> DescriptorProto:
        """The message that JSON does not show, at that way below another."""
        for number in way:
            name = f"{made.name}_{number}"
            if name not in self._messages:
                _add(made, number, name)
            made = self._new(name)
        return made


def _add(made: DescriptorProto, number: int, of: int | str, *, repeated: bool = False) -> None:
    label = _Kinds.LABEL_REPEATED if repeated else _Kinds.LABEL_OPTIONAL
    field = made.field.add(name=f"_{number}", number=number, label=label)
    if isinstance(of, str):
        field.type, field.type_name = _Kinds.TYPE_MESSAGE, f".{_PACKAGE}.{of}"
    else:
        field.type = of


def named(message: str, fact: Any) -> str:
    """The class of a message as far as that fact keeps it."""
    return f"{message}_{fact.__name__}"
