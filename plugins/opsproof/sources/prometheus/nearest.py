"""Asks a Prometheus which series it has for a selector, and what is spelled nearly so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

import msgspec

from opsproof.model.failure import CollectionError, Undecided
from opsproof.sources.prometheus.known import Known
from opsproof.sources.prometheus.reading.matchers import Matcher
from opsproof.sources.prometheus.reading.parse import selector
from opsproof.sources.prometheus.reading.promql import Selector
from opsproof.sources.prometheus.wire import shown

_MOST = 20_000
_LABELS = "/api/v1/labels"
# path of the API, selector -> names; the answer of labels and of their values
Listing = Callable[[str, str], Sequence[str]]


class Neighbours(msgspec.Struct, frozen=True):
    """What the server knows near a selector."""

    listed: Listing

    def known(self, text: str) -> Known:
        """Raises CollectionError when the server does not answer the first question."""
        labels = self.listed(_LABELS, text)
        if labels:
            return Known(selector=text, labels=tuple(sorted(shown(label) for label in labels[:200])))
        try:
            return Known(selector=text, hint=self._hint(selector(text)))
        except (CollectionError, Undecided, ValueError):
            # What is near is only a help.
            return Known(selector=text)

    def _hint(self, wanted: Selector) -> str:
        if not wanted.name:
            return self._of_matchers("", wanted.matchers)
        name = str(Selector(wanted.name))
        if not self.listed(_LABELS, name):
            return _near(f"there is no metric {wanted.name}", wanted.name, self._values("__name__", ""))
        return self._of_matchers(name, wanted.matchers)

    def _of_matchers(self, name: str, matchers: Sequence[Matcher]) -> str:
        labels = self.listed(_LABELS, name)
        for matcher in matchers:
            if matcher.name == "__name__" or matcher.matches({}):
                continue
            if matcher.name not in labels:
                return _near(f"its series have no label {matcher.name}", matcher.name, labels)
            values = self._values(matcher.name, name)
            if not any(matcher.matches({matcher.name: value}) for value in values):
                return _near(f"no value of label {matcher.name} fits {matcher}", matcher.value, values)
        return "each part matches some series, and none matches all"

    def _values(self, label: str, of: str) -> Sequence[str]:
        return self.listed(f"/api/v1/label/{label}/values", of)


def _near(what: str, wanted: str, there: Sequence[str]) -> str:
    near = get_close_matches(wanted, [one for one in there[:_MOST] if len(one) < 200], 3, 0.6)
    near = near or (list(there) if len(there) <= 3 else [])
    return what + (f"; the nearest is {', '.join(shown(one, 80) for one in near)}" if near else "")
