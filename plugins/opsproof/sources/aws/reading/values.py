"""Values of an answer, each of the type that it has to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from opsproof.model.failure import BadAnswer
from opsproof.model.text import cut

_LONGEST = 256


def text(told: Mapping[str, Any], key: str) -> str:
    """Raises BadAnswer: it is none. Nothing is the empty text."""
    found = told.get(key)
    if found is not None and not isinstance(found, str):
        raise BadAnswer(f"{key} is no text")
    return cut(found or "", _LONGEST)


def needed(told: Mapping[str, Any], key: str) -> str:
    """A text that has to be there. Raises BadAnswer."""
    found = text(told, key)
    if not found:
        raise BadAnswer(f"something without {key}")
    return found


def flag(told: Mapping[str, Any], key: str) -> bool | None:
    """Raises BadAnswer: it is no truth value."""
    found = told.get(key)
    if found is not None and not isinstance(found, bool):
        raise BadAnswer(f"{key} is neither true nor false")
    return found


def number(told: Mapping[str, Any], key: str) -> int | None:
    """Raises BadAnswer: it is no whole number."""
    found = told.get(key)
    if found is not None and (not isinstance(found, int) or isinstance(found, bool) or abs(found) > 2**53):
        raise BadAnswer(f"{key} is no number")
    return found


def moment(told: Mapping[str, Any], key: str) -> datetime | None:
    """Raises BadAnswer: it is no moment in time."""
    found = told.get(key)
    if found is None:
        return None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise BadAnswer(f"{key} is no time")
    return found.astimezone(timezone.utc)


def parts(told: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """A list of structures; nothing is an empty one. Raises BadAnswer."""
    found = told.get(key)
    if found is not None and not isinstance(found, list):
        raise BadAnswer(f"{key} is no list")
    for one in found or ():
        yield part(one)


def part(told: Any) -> Mapping[str, Any]:
    """A structure. Raises BadAnswer: it is none."""
    if not isinstance(told, Mapping):
        raise BadAnswer("what is listed is nothing that could be read")
    return told


def inner(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A structure within one; nothing is an empty one. Raises BadAnswer."""
    found = told.get(key)
    return part(found) if found is not None else {}


def names(told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The keys of what is changed and not in force yet; their values may be secrets."""
    return tuple(sorted(cut(str(one), 64) for one in inner(told, key)))
