"""The forms that a known secret is seen in: plain, escaped, percent-encoded, in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

_SHORTEST = 8  # shorter ones would blank ordinary words
_ANYWHERE = 20  # no ordinary word holds so long a secret by accident
_LINE = 16  # lines of keys
_PART = 16  # words of a header's value
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


class Known:
    """Finds a set of secrets in texts, in time that grows with the text alone."""

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part for secret in secrets for part in _parts(secret)}
        long = [part for part in parts if len(part) >= _SHORTEST]
        forms = {form for part in long for form in _forms(part)}
        cores = {core for part in long for core in _cores(part)}
        short = {part for part in parts if len(part) < _SHORTEST}
        self._forms, self._cores = tuple(forms), tuple(cores)
        self._tokens = _any_of(map(_token, sorted(forms, key=len, reverse=True)))
        self._everywhere = _any_of(map(re.escape, sorted(forms, key=len, reverse=True)))
        self._encoded = _any_of(map(re.escape, cores))
        self._short = _any_of(rf"(?<!\w){re.escape(part)}(?!\w)" for part in short)
        # Looking for fixed bytes takes milliseconds where an expression takes a third of a second.
        self._needles = tuple({one for text in (*forms, *cores, *short) for one in _in_json(text)})
        self._long = tuple({one for form in forms if len(form) >= _ANYWHERE for one in _in_json(form)})

    def may_be_in(self, encoded: bytes) -> bool:
        """Whether one of them stands anywhere in a JSON document."""
        return any(needle in encoded for needle in self._needles)

    def long_in(self, encoded: bytes) -> bool:
        return any(needle in encoded for needle in self._long)

    def short_in(self, text: str) -> bool:
        """Whether one that is too short to be blanked everywhere stands in a text as a whole token."""
        return self._short.search(text) is not None

    def blanked(self, text: str, blank: str, *, whole: bool = False) -> str:
        """`text` without them; with `whole`, only where they stand as whole tokens, or are long."""
        if any(form in text for form in self._forms):
            text = (self._tokens if whole else self._everywhere).sub(blank, text)
        if any(core in text for core in self._cores):
            text = "".join(_without(self._encoded, text, blank))
        return text


def _parts(secret: str) -> Iterator[str]:
    """A secret, the lines of a key, the words of a header's value."""
    for value in {secret, secret.strip()} - {""}:
        yield value
        if "\n" in value:
            lines = map(str.strip, value.splitlines())
            yield from (line for line in lines if len(line) >= _LINE and not line.startswith("-----"))
        else:
            yield from (word for word in value.split() if len(word) >= _PART)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield json.dumps(escaped)[1:-1]  # JSON within JSON
        yield escaped.replace("/", r"\/")
        yield escaped.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
    yield html.escape(secret)
    for percent in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield percent
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), percent)


def _cores(secret: str) -> Iterator[str]:
    """What of a secret's base64 is the same whatever stands before and after it, at all three alignments."""
    data = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode()
        core = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield core
        yield core.translate({43: 45, 47: 95})


def _token(form: str) -> str:
    """A form as a whole token; a long one anywhere."""
    if len(form) >= _ANYWHERE:
        return re.escape(form)
    before = r"(?<!\w)" if re.match(r"\w", form[0]) else ""
    after = r"(?!\w)" if re.match(r"\w", form[-1]) else ""
    return before + re.escape(form) + after


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or r"(?!)")


def _in_json(text: str) -> set[bytes]:
    """As it stands between the quotes of a JSON string."""
    return {
        json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass")
        for ascii_only in (True, False)
    }


def _without(pattern: re.Pattern[str], text: str, blank: str) -> Iterator[str]:
    """The text without the whole runs of base64 in which the pattern is found."""
    done = 0
    for match in pattern.finditer(text):
        if match.start() < done:
            continue
        begin, end = match.span()
        while begin > done and text[begin - 1] in _BASE64:
            begin -= 1
        while end < len(text) and text[end] in _BASE64:
            end += 1
        yield text[done:begin]
        yield blank
        done = end
    yield text[done:]
