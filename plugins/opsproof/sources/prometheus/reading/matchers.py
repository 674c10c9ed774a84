"""Label matchers as Prometheus and Alertmanager write them: `severity=~"high|critical"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from opsproof.model.failure import Undecided

# Labels of alerts, rules and scrape targets that facts may hold; every other one is dropped.
KNOWN_LABELS = frozenset(
    [
        "alertname", "severity", "priority", "level", "namespace", "system", "category", "job",
        "instance", "service", "pod", "container", "node", "endpoint", "app", "component",
        "workload", "deployment", "team", "tier", "role", "cluster", "environment", "env", "region",
        "zone", "device", "mountpoint", "persistentvolumeclaim",
    ]
)  # fmt: skip
_LONGEST = 4000
_MATCHER = re.compile(
    r"""\s*("(?:[^"\\]|\\.)*"|[^\s=!~"{},]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|(?![=~])[^"{},]*)\s*"""
)


@cache
def _quiet() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 * 2**20
    return options


class Matcher(msgspec.Struct, frozen=True):
    """One condition on one label; a label that is missing counts as empty, as everywhere in Prometheus."""

    name: str
    operator: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil the condition.

        Raises:
            Undecided: a regular expression that is none, or too large.
        """
        found = labels.get(self.name, "")
        if self.operator in {"=", "!="}:
            return (found == self.value) == (self.operator == "=")
        return self._expression(found) == (self.operator == "=~")

    def _expression(self, found: str) -> bool:
        """RE2 is the language of Prometheus's and Alertmanager's expressions, and linear in time."""
        import re2  # 2 MB that a run without such expressions does without

        try:
            if len(self.value) <= _LONGEST:
                return re2.fullmatch(self.value, found, _quiet()) is not None
        except re2.error:
            pass
        raise Undecided(f"the matcher {self} cannot be evaluated here")

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.operator}"{escaped}"'


def parsed(text: str) -> tuple[Matcher, ...]:
    """Read `a="b"`, `a=~"b|c",d!="e"` with or without braces; values may be bare words.

    Raises:
        ValueError: not of this form, or too long.
    """
    rest = text.strip()
    if len(rest) > _LONGEST:
        raise ValueError(f"label matchers of more than {_LONGEST} characters are not read")
    if rest.startswith("{") and rest.endswith("}"):
        rest = rest[1:-1].strip()
    found: list[Matcher] = []
    while rest:
        match = _MATCHER.match(rest)
        if match is None:
            raise ValueError(f'{text!r} is no list of label matchers; write it like severity="critical"')
        found.append(Matcher(_unquoted(match[1]), match[2], _unquoted(match[3].strip())))
        rest = rest[match.end() :]
        if rest and not rest.startswith(","):
            raise ValueError(f"{text!r}: a comma is missing before {rest!r}")
        rest = rest[1:].strip()
    return tuple(found)


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)


def known_names(matchers: Iterable[Matcher]) -> None:
    """Refuse matchers on labels that facts do not hold.

    Raises:
        Undecided: names the label and what may be matched on.
    """
    for matcher in matchers:
        if matcher.name not in KNOWN_LABELS:
            raise Undecided(
                f"label {matcher.name!r} is not recorded; match on one of {', '.join(sorted(KNOWN_LABELS))}"
            )


def known_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that facts may hold."""
    return {name: value for name, value in labels.items() if name in KNOWN_LABELS}


_POD_HASH = re.compile(
    r"-(?:[a-f0-9]{6,10}|[bcdfghjklmnpqrstvwxz2456789]{6,10})-[bcdfghjklmnpqrstvwxz2456789]{5}$"
)
_ORDINAL = re.compile(r"-\d+$")


def workload_of(pod: str) -> str:
    """The name that survives a pod's recreation: without ReplicaSet hash and suffix, or ordinal.

    Prometheus does not know a pod's owner: this reads it from how controllers name pods.
    """
    return _ORDINAL.sub("", _POD_HASH.sub("", pod))


def _unquoted(text: str) -> str:
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text[1:-1])
