"""Protocols that are no HTTP: what answers there may be another program altogether."""

from __future__ import annotations

from collections.abc import Mapping

from opsproof.testing import faulty
from opsproof.testing.spoken import Fault, right

_NO_FACTS = right("BadAnswer", "Unreachable", "TlsFailed", "TimedOut")
_OTHERS = {
    "HTML with 200": faulty.http(b"<!doctype html><title>Sign in</title>", "Content-Type: text/html"),
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "noise": bytes(range(256)) * 4,
    "blanks": b"\0" * 4096,
    "a mail server": b"220 mail.example.org ESMTP\r\n",
    "nothing at all": b"",
}


def others() -> Mapping[str, Fault]:
    """Other programs' first bytes."""
    return {name: Fault(faulty.answering(answer), _NO_FACTS) for name, answer in _OTHERS.items()}
