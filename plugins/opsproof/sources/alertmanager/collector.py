"""Asks an Alertmanager through its v2 API, with GET only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.sources.alertmanager.facts import (
    Alert,
    AskAlertmanagerReady,
    AskAlerts,
    AskSilences,
    AskStatus,
    Receiver,
    Route,
    Silence,
    Status,
)
from opsproof.sources.alertmanager.intervals import NamedIntervals, interval
from opsproof.sources.prometheus.readiness import ready
from opsproof.sources.prometheus.reading.matchers import Matcher, known_labels, parsed
from opsproof.transport.jsonapi import JsonApi
from opsproof.transport.link import Link
from opsproof.transport.yaml import BadYaml, load

_DEEPEST = 40
_TEXT = 200
# What of a receiver says where its messages go, and is no secret; of all others only the type is kept.
_ADDRESSES = {"email": "to", "slack": "channel", "telegram": "chat_id", "webex": "room_id"}


class _AlertState(msgspec.Struct, rename="camel"):
    state: str
    silenced_by: list[str] = []
    inhibited_by: list[str] = []


class _Alert(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    starts_at: datetime
    status: _AlertState


class _Matcher(msgspec.Struct, rename="camel"):
    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class _SilenceState(msgspec.Struct):
    state: str


class _Silence(msgspec.Struct, rename="camel"):
    id: str
    matchers: list[_Matcher]
    ends_at: datetime
    created_by: str
    status: _SilenceState


class _Cluster(msgspec.Struct):
    status: str
    peers: list[msgspec.Raw] | None = None


class _Config(msgspec.Struct):
    original: str


class _Version(msgspec.Struct):
    version: str = ""


class _Status(msgspec.Struct, rename="camel"):
    cluster: _Cluster
    config: _Config
    uptime: datetime | None = None
    version_info: _Version = msgspec.field(default_factory=_Version)


class AlertmanagerCollector:
    """Answers the asks of `opsproof.sources.alertmanager.facts`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.api = JsonApi(target)
        self._answers: Mapping[type[Ask], Callable[[Link], Any]] = {
            AskAlerts: self._alerts,
            AskSilences: self._silences,
            AskStatus: self._status,
            AskAlertmanagerReady: lambda link: ready(self.api, link),
        }

    def collect(self, ask: Ask, link: Link) -> Any:
        """The facts that answer the ask. Raises CollectionError."""
        return self._answers[type(ask)](link)

    def identify(self, link: Link) -> TargetReport:
        status = self._asked_status(link)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=self.api.certificate(link),
            declared=dict(self.target.identity),
            authenticated_as=self.api.authenticated_as,
            version=status.version_info.version[:_TEXT],
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        return self.api.lacks(needs, link)

    def close(self) -> None:
        self.api.close()

    def _alerts(self, link: Link) -> tuple[Alert, ...]:
        found: list[_Alert] = self.api.json("/api/v2/alerts", link, list[_Alert])
        return tuple(
            Alert(
                labels=known_labels(one.labels),
                since=_utc(one.starts_at),
                state=one.status.state[:_TEXT],
                silenced_by=tuple(one.status.silenced_by),
                inhibited=bool(one.status.inhibited_by),
            )
            for one in found
        )

    def _silences(self, link: Link) -> tuple[Silence, ...]:
        found: list[_Silence] = self.api.json("/api/v2/silences", link, list[_Silence])
        return tuple(
            Silence(
                id=one.id,
                matchers=tuple(Matcher(part.name, _operator(part), part.value) for part in one.matchers),
                by=one.created_by[:_TEXT],
                until=_utc(one.ends_at),
                active=one.status.state == "active",
            )
            for one in found
        )

    def _status(self, link: Link) -> Status:
        status = self._asked_status(link)
        document = self._document(status.config.original)
        receivers = document.get("receivers")
        return Status(
            route=self._route(document.get("route"), 0),
            receivers=tuple(self._receiver(one) for one in receivers) if isinstance(receivers, list) else (),
            cluster=status.cluster.status[:_TEXT],
            peers=len(status.cluster.peers or ()),
            started=_utc(status.uptime) if status.uptime else None,
            version=status.version_info.version[:_TEXT],
            intervals=tuple(self._intervals(document)),
        )

    def _intervals(self, document: Mapping[str, Any]) -> Iterator[NamedIntervals]:
        """Old configurations have them under `mute_time_intervals`."""
        listed = [*(document.get("time_intervals") or ()), *(document.get("mute_time_intervals") or ())]
        try:
            for one in listed:
                made = tuple(interval(part) for part in one.get("time_intervals") or ())
                yield NamedIntervals(name=str(one["name"]), intervals=made)
        except (ValueError, TypeError, AttributeError, KeyError):
            raise self._bad("its configuration has a time interval of an unknown form") from None

    def _names(self, raw: object) -> tuple[str, ...]:
        if raw is not None and not isinstance(raw, list):
            raise self._bad("its routing tree has time intervals of an unknown form")
        return tuple(map(str, raw or ()))

    def _asked_status(self, link: Link) -> _Status:
        status: _Status = self.api.json("/api/v2/status", link, _Status)
        return status

    def _document(self, text: str) -> dict[str, Any]:
        try:
            document = load(text)
        except BadYaml as error:
            raise self._bad(f"its configuration cannot be read: {error}") from None
        if not isinstance(document, dict):
            raise self._bad("its configuration is no mapping")
        return document

    def _route(self, raw: object, depth: int) -> Route:
        """A node of the tree; a child without receiver inherits its parent's."""
        if not isinstance(raw, dict) or depth > _DEEPEST:
            raise self._bad("its configuration has no usable routing tree")
        receiver = raw.get("receiver")
        children = raw.get("routes") or []
        if not isinstance(receiver, str) or not isinstance(children, list):
            raise self._bad("its routing tree has a route without receiver")
        inherited = [
            {"receiver": receiver, **child} if isinstance(child, dict) else child for child in children
        ]
        return Route(
            receiver=receiver,
            matchers=tuple(self._matchers(raw)),
            goes_on=raw.get("continue") is True,
            muting=self._names(raw.get("mute_time_intervals")),
            active=self._names(raw.get("active_time_intervals")),
            routes=tuple(self._route(child, depth + 1) for child in inherited),
        )

    def _matchers(self, raw: Mapping[str, Any]) -> Iterator[Matcher]:
        try:
            for text in raw.get("matchers") or ():
                yield from parsed(str(text))
            for key, operator in (("match", "="), ("match_re", "=~")):
                for name, value in (raw.get(key) or {}).items():
                    yield Matcher(str(name), operator, str(value))
        except (ValueError, TypeError, AttributeError):
            raise self._bad("its routing tree has a matcher of an unknown form") from None

    def _receiver(self, raw: object) -> Receiver:
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            raise self._bad("its configuration has a receiver without name")
        return Receiver(name=raw["name"], ways=tuple(_ways(raw)))

    def _bad(self, message: str) -> BadAnswer:
        return BadAnswer(message, target=self.target.id)


def _ways(receiver: Mapping[str, Any]) -> Iterator[str]:
    for key, entries in receiver.items():
        kind = key.removesuffix("_configs")
        if kind == key or not isinstance(entries, list):
            continue
        for entry in entries:
            address = entry.get(_ADDRESSES.get(kind, "")) if isinstance(entry, dict) else None
            yield f"{kind}:{str(address)[:_TEXT]}" if address else kind


def _operator(matcher: _Matcher) -> str:
    if matcher.is_equal:
        return "=~" if matcher.is_regex else "="
    return "!~" if matcher.is_regex else "!="


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        # The first or last day that a calendar has: an alert or silence without end.
        return moment.replace(tzinfo=timezone.utc)
