"""When absent error series mean that no request failed, and when they only mean that nothing was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from opsproof.model.failure import Undecided
from opsproof.sources.prometheus.facts import Samples, number
from opsproof.sources.prometheus.known import Known
from opsproof.sources.prometheus.reading.matchers import Matcher
from opsproof.sources.prometheus.reading.promql import Selector

_CODES = tuple(str(code) for code in range(100, 600))
_CLASSES = tuple(f"{digit}{rest}" for digit in range(1, 6) for rest in ("xx", "XX"))


class Failing(msgspec.Struct, frozen=True):
    """The selector of all requests beside the one of those that failed."""

    requests: Selector
    errors: Selector

    @property
    def more(self) -> tuple[Matcher, ...] | None:
        """What the errors' selector demands beyond the requests'; None: it is not the requests' own."""
        if self.requests.name != self.errors.name or not set(self.requests.matchers) <= set(
            self.errors.matchers
        ):
            return None
        return tuple(one for one in self.errors.matchers if one not in self.requests.matchers)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The labels that tell a failed request from another; None: another metric does."""
        more = self.more
        return None if more is None else tuple(dict.fromkeys(one.name for one in more))

    def require_seen(self, borne: Samples | None, ever: Known | None) -> None:
        """Errors are absent: require that they would be there if requests had failed.

        Args:
            borne: the requests by the labels that the errors' selector names.
            ever: what is known of an errors' selector that is not the requests' own.

        Raises:
            Undecided: nothing says so; the message names selector and label.
        """
        if self.more is None:
            if ever is None or not ever.ever:
                raise Undecided((ever.unmatched if ever else f"no series match {self.errors}") + _NO_PROOF)
            return
        for matcher in self.more:
            values = {one.label(matcher.name) for one in borne or ()} - {""}
            if not values and not matcher.matches({}):
                raise Undecided(
                    f"no series match {self.errors}: the requests bear no label {matcher.name}{_NO_PROOF}"
                )
            if values and not could_match(matcher, values):
                raise Undecided(
                    f"no series match {self.errors}: the requests' {matcher.name} is {_some(values)}{_NO_PROOF}"
                )

    def blind(self, borne: Samples | None) -> float:
        """The share of the requests that could fail without being counted: they bear no such label."""
        found = [(number(one.value), one.labels) for one in borne or ()]
        total = sum(value for value, _ in found)
        lacking = sum(value for value, labels in found if self._unseen(labels))
        return lacking / total if total > 0 else 0.0

    def _unseen(self, labels: Mapping[str, str]) -> bool:
        return any(not labels.get(one.name) and not one.matches({}) for one in self.more or ())


_NO_PROOF = "; nothing shows that failed requests would be counted"


def could_match(matcher: Matcher, values: Iterable[str]) -> bool:
    """Whether a value of the same form as those that are there could fulfil the matcher.

    Forms are status codes (200), classes of them (2xx), and words; of words nothing is known but that
    digits alone are none.
    """
    found = tuple(values)
    if any(matcher.matches({matcher.name: value}) for value in found):
        return True
    if all(re.fullmatch(r"[1-5]\d\d", value) for value in found):
        return _any(matcher, _CODES)
    if all(re.fullmatch(r"[1-5][xX]{2}", value) for value in found):
        return _any(matcher, _CLASSES)
    wordy = not any(char.isdigit() for value in found for char in value)
    return not (wordy and _any(matcher, _CODES))


def _any(matcher: Matcher, values: Iterable[str]) -> bool:
    return any(matcher.matches({matcher.name: value}) for value in values)


def _some(values: Iterable[str]) -> str:
    found = sorted(values)
    return ", ".join(found[:4]) + (", ..." if len(found) > 4 else "")
