"""Lines of commands, read strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone

from opsproof.model.text import cut


class Unreadable(ValueError):
    """A command printed something else than it prints. The message holds nothing of it."""


_NUMBER = re.compile(r"[0-9]{1,20}")
_STAMP = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?")


def lines(out: bytes) -> Iterator[str]:
    """Whole lines: what does not end with one was broken off."""
    if out and not out.endswith(b"\n"):
        raise Unreadable("its last line is not whole")
    yield from (line for line in out.decode("utf-8", "replace").split("\n") if line)


def number(text: str) -> int:
    """A whole number as programs print it."""
    if not _NUMBER.fullmatch(text):
        raise Unreadable("a number is none")
    return int(text)


def told(text: str) -> int | None:
    """A number, or None for the dash that df prints where there is none."""
    return None if text == "-" else number(text)


def moment(text: str) -> datetime:
    """Seconds since 1970, with a fraction or without."""
    match = _STAMP.fullmatch(text)
    if match is None:
        raise Unreadable("a time is none")
    try:
        return datetime.fromtimestamp(float(text), timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise Unreadable("a time is none") from None


def clock(out: bytes) -> datetime:
    """What `date -u +%s.%N` printed."""
    found = list(lines(out))
    if len(found) != 1:
        raise Unreadable("it is not one line")
    return moment(found[0])


def seconds(out: bytes) -> float:
    """The first number of /proc/uptime."""
    found = list(lines(out))
    if len(found) != 1:
        raise Unreadable("it is not one line")
    match = _STAMP.fullmatch(found[0].partition(" ")[0])
    if match is None:
        raise Unreadable("a time is none")
    return float(match[0])


def assignments(out: bytes) -> dict[str, str]:
    """`NAME=value` lines, as systemd and os-release write them; a name twice is no answer."""
    found: dict[str, str] = {}
    for line in lines(out):
        name, equals, value = line.partition("=")
        if line.startswith("#"):
            continue
        if not equals or name in found:
            raise Unreadable("it is no list of NAME=value")
        found[name] = cut(value)
    return found


def unquoted(text: str) -> str:
    """A value of os-release without its quotes."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
