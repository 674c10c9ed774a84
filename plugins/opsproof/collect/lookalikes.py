"""What looks like a credential, whoever it belongs to. Every expression is linear: none has two ways to match a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FORMS = re.compile(
    r"(?P<userinfo>://)[^/\s:@\"']{0,256}:[^/\s@\"']+@"
    r"|(?P<bearer>\b(?:Bearer|Basic)\s{1,8})[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<named>(?<![A-Za-z])(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)\s{0,8}[=:]\s{0,8})"
    r"[^\s,;&\"'\\]+"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    re.IGNORECASE,
)
_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----", re.IGNORECASE)
_KEY_END = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY-----", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9._-]{20,}")
_BEGINS = "eyJ"  # a JSON object in base64, as each JSON web token begins
_LEAST = 8


def blanked(text: str, blank: str) -> str:
    """`text` without credentials in URLs, headers and settings, private keys, and JSON web tokens."""
    if "-----" in text:
        text = "".join(_without_keys(text, blank))
    if _BEGINS in text:
        text = _RUN.sub(lambda run: _without_tokens(run[0], blank), text)
    return _FORMS.sub(lambda match: _kept(match, blank), text)


def _kept(match: re.Match[str], blank: str) -> str:
    if match["userinfo"]:
        return f"{match['userinfo']}{blank}@"
    return (match["bearer"] or match["named"] or "") + blank


def _without_keys(text: str, blank: str) -> Iterator[str]:
    """Up to its end line, or to the end of the text."""
    done = 0
    while begin := _KEY.search(text, done):
        yield text[done : begin.end()]
        yield blank
        end = _KEY_END.search(text, begin.end())
        if end is None:
            return
        done = end.end()
    yield text[done:]


def _without_tokens(run: str, blank: str) -> str:
    """A run of letters, digits, `-`, `_` and dots, without the three parts of a token in it."""
    parts = run.split(".")
    kept: list[str] = []
    number = 0
    while number < len(parts):
        at = parts[number].find(_BEGINS)
        whole = at >= 0 and len(parts[number]) - at - len(_BEGINS) >= _LEAST and number + 2 < len(parts)
        if whole and len(parts[number + 1]) >= _LEAST:
            kept.append(parts[number][:at] + blank)
            number += 3
        else:
            kept.append(parts[number])
            number += 1
    return ".".join(kept)
