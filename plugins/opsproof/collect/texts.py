"""No text of a server is kept at any length: whatever is longer than a page is cut, and says so."""

from __future__ import annotations

import json
import re

LONGEST = 16 * 1024  # characters; the longest rules and names that are real are shorter
_BLOCK = LONGEST // 2
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def bounded(encoded: bytes) -> tuple[bytes, int]:
    """An encoded JSON document with its long texts and names cut, and how many; the same bytes where there is none."""
    if not _may_hold_long(encoded):
        return encoded, 0
    count = 0

    def cut(match: re.Match[str]) -> str:
        nonlocal count
        if len(match[0]) <= LONGEST:
            return match[0]
        text = str(json.loads(match[0], strict=False))
        if len(text) <= LONGEST:
            return match[0]
        count += 1
        return json.dumps(shortened(text))

    return _STRING.sub(cut, encoded.decode()).encode(), count


def _may_hold_long(encoded: bytes) -> bool:
    """A quick look: every half of a text's length holds a quote, and none is escaped."""
    if len(encoded) <= LONGEST:
        return False
    # A longer text would span one such block as a whole.
    blocks = range(0, len(encoded) - _BLOCK + 1, _BLOCK)
    escaped = b"\\" in encoded and b'\\"' in encoded  # a single byte is found ten times as fast as two
    return escaped or any(encoded.find(b'"', at, at + _BLOCK) < 0 for at in blocks)


def shortened(text: str) -> str:
    """The text, or its beginning and a mark that says how long it was."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 64]}… [cut: {len(text)} characters]"
