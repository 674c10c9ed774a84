"""How a server of some protocol speaks, well and badly: what the collector contract is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opsproof.testing.faulty import Behaviour

# Texts that a compromised or careless server puts where a name belongs.
HOSTILE: Mapping[str, str] = {
    "escape sequences": "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "bidi": "abc\u202egnp.exe\u2066\u200b",
    "NUL": "a\x00b",
    "line breaks": "a\r\nSet-Cookie: b\n::error::c",
    "markup": "</script><script>alert(1)</script>",
    "templates": "${env:HOME} {0.__class__} %s%n {{7*7}}",
    "numbers": "NaN",
    "path": "../../../../etc/passwd",
    "formula": "=cmd|' /C calc'!A0",
}
LONG = 10 * 2**20


@dataclass(frozen=True)
class Said:
    """What varies in a good answer: a text wherever the server is free to choose one, and its clock."""

    text: str = "name"
    clock: datetime | None = None


@dataclass(frozen=True)
class Fault:
    """A way to misbehave, and what may come of it: kinds of failures, or `facts`."""

    behave: Behaviour
    right: frozenset[str]


class Spoken(Protocol):
    """A protocol. `Web` is the one of servers that answer GET with JSON."""

    def good(self, said: Said) -> Behaviour:
        """A right and complete conversation, as often as the client asks."""

    def faults(self) -> Mapping[str, Fault]:
        """The protocol's own: refusals, answers of another type, another protocol's first bytes."""

    def oversized(self) -> Mapping[str, Behaviour]:
        """Answers far above any budget of bytes, or without end."""


def right(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)
