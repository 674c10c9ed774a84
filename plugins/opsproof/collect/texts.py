"""No text of a server is kept at any length: whatever is longer than a page is cut, and says so."""

from __future__ import annotations

from typing import Any

import msgspec

LONGEST = 16 * 1024  # characters; the longest rules and names that are real are shorter


def bounded(encoded: bytes) -> bytes:
    """An encoded JSON document with its long texts cut; the same bytes where there is none."""
    # Between two quotes lies no more than a text: looking for long ones so costs next to nothing.
    if len(encoded) <= LONGEST or max(map(len, encoded.split(b'"'))) <= LONGEST:
        return encoded
    return msgspec.json.encode(_cut(msgspec.json.decode(encoded)))


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list):
        return [_cut(one) for one in value]
    if isinstance(value, dict):
        return {shortened(name): _cut(one) for name, one in value.items()}
    return value


def shortened(text: str) -> str:
    """The text, or its beginning and a mark that says how long it was."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 64]}… [cut: {len(text)} characters]"
