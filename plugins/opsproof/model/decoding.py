"""Decoders of typed JSON, safe to be had by several threads at once."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import msgspec

_lock = Lock()


def decode(content: bytes | msgspec.Raw, form: Any) -> Any:
    """Decode JSON as `form`. Raises msgspec.MsgspecError."""
    return decoder(form).decode(content)


def decoder(form: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of a form.

    msgspec describes a struct when it is first decoded; a second thread that finds the description half
    made crashes the interpreter. So only one thread at a time may make a decoder.
    """
    with _lock:
        return _made(form)


@cache
def _made(form: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(form)
