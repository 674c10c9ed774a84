"""Asks a Prometheus server through its HTTP API, with GET only."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.sources.prometheus import wire
from opsproof.sources.prometheus.facts import Query, Samples, Series
from opsproof.sources.prometheus.known import AskKnown, Known
from opsproof.sources.prometheus.nearest import Neighbours
from opsproof.sources.prometheus.readiness import ready
from opsproof.sources.prometheus.reading.matchers import known_labels
from opsproof.sources.prometheus.status import (
    AskAlertmanagers,
    AskReady,
    AskRules,
    AskRuntime,
    AskTargets,
    KnownAlertmanagers,
    Rule,
    RuleGroup,
    Runtime,
    ScrapeTarget,
)
from opsproof.transport.jsonapi import JsonApi
from opsproof.transport.link import Link
from opsproof.transport.yaml import BadYaml, load

_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Inf)|NaN")
_LATEST = 1e11
_LONGEST = 40  # characters of a number
# Refusals whose body holds the server's own words: a wrong query, one that fails, an error, no time.
_REFUSED = frozenset([400, 422, 500, 503])


class PrometheusCollector:
    """Answers the asks of `opsproof.sources.prometheus.facts` and `prometheus_status`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.api = JsonApi(target)
        self._answers: Mapping[type[Ask], Callable[[Any, Link], Any]] = {
            Query: self._query,
            AskTargets: self._targets,
            AskRules: self._rules,
            AskAlertmanagers: self._alertmanagers,
            AskRuntime: self._runtime,
            AskKnown: self._known,
            AskReady: lambda ask, link: ready(self.api, link),
        }

    def collect(self, ask: Ask, link: Link) -> Any:
        """The facts that answer the ask. Raises CollectionError."""
        return self._answers[type(ask)](ask, link)

    def identify(self, link: Link) -> TargetReport:
        """External labels, version. A server that hides its configuration proves no label."""
        build: wire.Build = self._data("/api/v1/status/buildinfo", link, wire.Build)
        failure, labels = "", {}
        try:
            labels = self._external_labels(link)
        except CollectionError as error:
            failure = f"external labels: {error.message}"
        found = {f"label.{name}": value for name, value in sorted(labels.items())}
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=found | self.api.certificate(link),
            declared=dict(self.target.identity),
            authenticated_as=self.api.authenticated_as,
            version=wire.shown(build.version),
            failure=failure,
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        return self.api.lacks(needs, link)

    def close(self) -> None:
        self.api.close()

    def _external_labels(self, link: Link) -> dict[str, str]:
        """Only these are kept: the rest of the configuration may hold secrets."""
        config: wire.Config = self._data("/api/v1/status/config", link, wire.Config)
        try:
            document = load(config.yaml)
        except BadYaml as error:
            raise self._bad(f"/api/v1/status/config: {error} in the answer") from None
        settings = document.get("global") if isinstance(document, dict) else None
        labels = settings.get("external_labels") if isinstance(settings, dict) else None
        found = labels.items() if isinstance(labels, dict) else ()
        return {wire.shown(str(name)): wire.shown(str(value)) for name, value in found}

    def _query(self, ask: Query, link: Link) -> Samples:
        # A subquery takes the range from the server's own clock, at times aligned to the step.
        query = f"({ask.query})[{wire.promql(ask.range)}:{wire.promql(ask.step)}]" if ask.range else ask.query
        envelope = self._envelope("/api/v1/query", link, query=query)
        result: wire.Result = self.api.decoded(envelope.data, wire.Result, "/api/v1/query")
        series = self._series(result, wanted="matrix" if ask.range else "vector")
        warnings, infos = envelope.remarks()
        return Samples(
            result_type="matrix" if ask.range else "vector",
            at=self._evaluated(series, ask, link),
            series=series,
            range=ask.range,
            step=ask.step,
            warnings=warnings,
            infos=infos,
        )

    def _evaluated(self, series: tuple[Series, ...], ask: Query, link: Link) -> float:
        """When the query was evaluated: an instant sample tells it, else the answer's Date."""
        if series and not ask.range:
            return series[0].last.time
        clock = (link.clock or datetime.now(timezone.utc)).timestamp()
        return max([clock, *(one.last.time for one in series)])

    def _series(self, result: wire.Result, *, wanted: str) -> tuple[Series, ...]:
        if result.resultType != wanted:
            raise self._bad(f"the query gives a {wire.shown(result.resultType, 20)}, needed is a {wanted}")
        elements: list[wire.Element] = self.api.decoded(result.result, list[wire.Element], "/api/v1/query")
        found = [Series(labels=one.metric, values=self._values(self._raw(one, wanted))) for one in elements]
        found.sort(key=lambda one: sorted(one.labels.items()))
        if any(one.labels == other.labels for one, other in itertools.pairwise(found)):
            raise self._bad("the answer holds the same series twice")
        return tuple(found)

    def _raw(self, element: wire.Element, wanted: str) -> list[tuple[float, str]]:
        if bytes(element.histogram) or bytes(element.histograms):
            raise self._bad("the answer holds a native histogram, needed are plain numbers")
        if wanted == "vector" and element.value is not None:
            return [element.value]
        if wanted == "matrix" and element.values:
            return element.values
        raise self._bad("the answer holds a series without numbers")

    def _values(self, raw: list[tuple[float, str]]) -> tuple[tuple[float, str], ...]:
        times = [time for time, _ in raw]
        if not all(0 <= time < _LATEST for time in times) or any(
            later <= earlier for earlier, later in itertools.pairwise(times)
        ):
            raise self._bad("the answer's times are not in order")
        if not all(len(text) <= _LONGEST and _FLOAT.fullmatch(text) for _, text in raw):
            raise self._bad("the answer holds a value that is no number")
        return tuple(raw)

    def _known(self, ask: AskKnown, link: Link) -> Known:
        def listed(path: str, selector: str) -> list[str]:
            found: list[str] = self._data(
                path, link, list[str], **({"match[]": selector} if selector else {})
            )
            return found

        return Neighbours(listed).known(ask.selector)

    def _targets(self, ask: AskTargets, link: Link) -> tuple[ScrapeTarget, ...]:
        found: wire.Targets = self._data("/api/v1/targets", link, wire.Targets, state="active")
        return tuple(
            ScrapeTarget(
                labels=known_labels(one.labels),
                health=one.health[: wire.SHORT],
                last_scrape=self._moment(one.last_scrape),
                interval=wire.seconds(one.scrape_interval),
                problem=wire.problem(one.last_error),
            )
            for one in found.active_targets
        )

    def _rules(self, ask: AskRules, link: Link) -> tuple[RuleGroup, ...]:
        found: wire.Groups = self._data("/api/v1/rules", link, wire.Groups)
        return tuple(
            RuleGroup(name=group.name, interval=group.interval, rules=tuple(map(self._rule, group.rules)))
            for group in found.groups
        )

    def _rule(self, raw: wire.Rule) -> Rule:
        return Rule(
            name=raw.name,
            query=raw.query,
            alerting=raw.type == "alerting",
            health=raw.health,
            lasting=raw.duration if math.isfinite(raw.duration) else 0.0,
            labels=known_labels(raw.labels or {}),
            evaluated=self._moment(raw.last_evaluation),
        )

    def _alertmanagers(self, ask: AskAlertmanagers, link: Link) -> KnownAlertmanagers:
        found: wire.Alertmanagers = self._data("/api/v1/alertmanagers", link, wire.Alertmanagers)
        active = tuple(sorted(wire.address(one.url) for one in found.active_alertmanagers or ()))
        return KnownAlertmanagers(active=active, dropped=len(found.dropped_alertmanagers or ()))

    def _runtime(self, ask: AskRuntime, link: Link) -> Runtime:
        found: wire.Runtime = self._data("/api/v1/status/runtimeinfo", link, wire.Runtime)
        retention = wire.seconds(found.storage_retention.split(" ")[0])
        return Runtime(
            started=self._moment(found.start_time),
            retention=retention or None,
            reload_ok=found.reload_config_success,
        )

    def _data(self, path: str, link: Link, kind: Any, **parameters: str) -> Any:
        """A list that may not be whole is none: what is missing would look like what is not there."""
        envelope = self._envelope(path, link, **parameters)
        warnings, _ = envelope.remarks()
        if warnings:
            raise self._bad(f"{path}: Prometheus warns: {warnings[0]}")
        return self.api.decoded(envelope.data, kind, path)

    def _envelope(self, path: str, link: Link, **parameters: str) -> wire.Envelope:
        answer = self.api.text(path, link, parameters, accept=_REFUSED)
        if answer.status in _REFUSED:
            raise self._refusal(f"HTTP {answer.status} for {path}", answer.body, parameters)
        envelope: wire.Envelope = self.api.decoded(answer.body, wire.Envelope, path)
        if envelope.status != "success":
            raise self._refusal(f"{path}: the answer says that it is no success", answer.body, parameters)
        if not bytes(envelope.data):
            raise self._bad(f"{path}: an answer without data")
        return envelope

    def _refusal(self, what: str, body: bytes, parameters: Mapping[str, str]) -> BadAnswer:
        """Prometheus's own words and what was asked; a front's error page has neither."""
        try:
            said: wire.Envelope = self.api.decoded(body, wire.Envelope, "")
        except BadAnswer:
            return self._bad(what)
        words = ": ".join(filter(None, (wire.shown(said.error_type, 40), wire.shown(said.error, 300))))
        asked = f"; the query is {wire.shown(parameters['query'], 300)}" if "query" in parameters else ""
        return self._bad(f"{what} ({words}){asked}" if words else what)

    def _moment(self, text: str) -> datetime | None:
        """RFC 3339 with up to nanoseconds; Go's zero time and no text mean never."""
        if not text or text.startswith("0001-"):
            return None
        try:
            return msgspec.convert(text, datetime).astimezone(timezone.utc)
        except (msgspec.ValidationError, OverflowError, ValueError):
            raise self._bad("the answer holds a time that is none") from None

    def _bad(self, message: str) -> BadAnswer:
        return BadAnswer(message, target=self.target.id)
