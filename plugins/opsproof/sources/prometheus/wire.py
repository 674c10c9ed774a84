"""The JSON of Prometheus's HTTP API as far as it is read, and what of its texts is kept."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from opsproof.model.text import printable
from opsproof.model.units import Duration

SHORT = 200
_MOST = 4000
_PARTIAL = "not all of its storage answered (isPartial)"

_NOTHING = msgspec.Raw(b"")


class Envelope(msgspec.Struct, rename={"error_type": "errorType", "partial": "isPartial"}):
    """`error` and its type are the server's own words about a refusal.

    `partial`: how clusters of VictoriaMetrics say that not all of their storage answered.
    """

    status: str
    data: msgspec.Raw = _NOTHING
    error_type: str = ""
    error: str = ""
    warnings: list[str] | None = None
    infos: list[str] | None = None
    partial: bool | None = None

    def remarks(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Warnings, which make the answer doubtful, and infos: older servers send infos among the warnings."""
        texts = [shown(text) for text in self.warnings or ()]
        infos = [text for text in texts if text.startswith("PromQL info")]
        warnings = [text for text in texts if text not in infos] + ([_PARTIAL] if self.partial else [])
        return tuple(warnings), (*infos, *map(shown, self.infos or ()))


class Result(msgspec.Struct):
    resultType: str  # noqa: N815
    result: msgspec.Raw


class Element(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] | None = None
    histogram: msgspec.Raw = _NOTHING
    histograms: msgspec.Raw = _NOTHING


class Target(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    health: str
    last_error: str = ""
    last_scrape: str = ""
    scrape_interval: str = ""


class Targets(msgspec.Struct, rename="camel"):
    active_targets: list[Target]


class Rule(msgspec.Struct, rename="camel"):
    name: str
    query: str
    type: str
    health: str
    duration: float = 0.0
    labels: dict[str, str] | None = None
    last_evaluation: str = ""


class Group(msgspec.Struct):
    name: str
    interval: float
    rules: list[Rule]


class Groups(msgspec.Struct):
    groups: list[Group]


class Url(msgspec.Struct):
    url: str


class Alertmanagers(msgspec.Struct, rename="camel"):
    active_alertmanagers: list[Url] | None
    dropped_alertmanagers: list[Url] | None = None


class Runtime(msgspec.Struct, rename="camel"):
    start_time: str = ""
    storage_retention: str = ""
    reload_config_success: bool | None = None


class Build(msgspec.Struct):
    version: str = ""


class Config(msgspec.Struct):
    yaml: str


def shown(text: str, most: int = SHORT) -> str:
    """A server's words as people may read them: one line, bounded, and nothing that steers a terminal."""
    words = " ".join(printable(text[: 4 * most]).split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def promql(seconds: float) -> str:
    return Duration(seconds).promql


def seconds(text: str) -> float:
    """`1h30m`, `45d`, `1y` in seconds; 0 for what is no duration (`512MB`)."""
    years, _, rest = text.rpartition("y")
    try:
        return (float(years) * 365 * 86400 if years else 0.0) + (Duration.parse(rest) if rest else 0.0)
    except ValueError:
        return 0.0


def address(url: str) -> str:
    """Host and port alone: the URL of an Alertmanager may hold credentials."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "?"


_PROBLEMS = {
    "connection refused": "connection refused",
    "context deadline exceeded": "no answer within the scrape timeout",
    "no such host": "the host name is not known",
    "x509": "the certificate is not accepted",
    "connection reset": "the connection was reset",
    "no route to host": "no route to the host",
}


def problem(text: str) -> str:
    text = text[:_MOST]
    if status := re.search(r"server returned HTTP status (\d{3})", text):
        return f"HTTP {status[1]}"
    return next(
        (ours for theirs, ours in _PROBLEMS.items() if theirs in text), "scrape failed" if text else ""
    )
