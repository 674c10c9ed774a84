"""What a Prometheus has of a selector that matches nothing, and what is near it."""

from __future__ import annotations

import json

import pytest

from opsproof.sources.prometheus.collector import PrometheusCollector
from opsproof.sources.prometheus.known import AskKnown, Known
from opsproof.sources.prometheus.reading.matchers import Matcher
from opsproof.sources.prometheus.reading.parse import selector
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.web import Response

ID = "prometheus:test"
HAS = {
    "http_requests_total": {"__name__": ["http_requests_total"], "status": ["200", "404"], "job": ["api"]},
    "up": {"__name__": ["up"], "job": ["api"]},
}


def known(text: str, has: dict[str, dict[str, list[str]]] = HAS) -> Known:
    """What a server with these metrics answers; each matcher is looked at by itself."""
    collector = PrometheusCollector(target_of("prometheus", url="http://127.0.0.1:1"))

    def text_of(path: str, link: object, parameters: dict[str, str], **more: object) -> Response:
        wanted = selector(parameters["match[]"]) if "match[]" in parameters else None
        fitting = [
            labels
            for name, labels in has.items()
            if wanted is None
            or (wanted.name in {name, ""} and all(_fits(one, labels) for one in wanted.matchers))
        ]
        if path == "/api/v1/labels":
            data = sorted({label for labels in fitting for label in labels})
        else:
            label = path.split("/")[-2]
            data = sorted({value for labels in fitting for value in labels.get(label, [])})
        return Response(200, {}, json.dumps({"status": "success", "data": data}).encode())

    collector.api.text = text_of  # type: ignore[assignment]
    facts = collector.collect(AskKnown(target=ID, selector=text), RecordingLink(collector.target))
    assert isinstance(facts, Known)
    return facts


def _fits(matcher: Matcher, labels: dict[str, list[str]]) -> bool:
    return any(matcher.matches({matcher.name: value}) for value in labels.get(matcher.name, [""]))


def test_a_selector_that_matched_says_which_labels_are_there() -> None:
    found = known('http_requests_total{job="api"}')
    assert ("__name__", "job", "status") == found.labels
    assert found.ever


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("http_request_total", "there is no metric http_request_total; the nearest is http_requests_total"),
        ('http_requests_total{statsu="200"}', "its series have no label statsu; the nearest is status"),
        (
            'http_requests_total{status=~"5.."}',
            'no value of label status fits status=~"5.."; the nearest is 200, 404',
        ),
        ('up{status!="200",job="apl"}', 'no value of label job fits job="apl"; the nearest is api'),
        ('{job="apl"}', 'no value of label job fits job="apl"; the nearest is api'),
        ('zzzzzzzzzzz{x="y"}', "there is no metric zzzzzzzzzzz"),
    ],
)
def test_one_that_never_did_says_what_is_near(text: str, hint: str) -> None:
    found = known(text, HAS | {"a": {"__name__": ["a"]}, "b": {"__name__": ["b"]}})
    assert not found.ever
    assert hint == found.hint
    assert f"no series match {text}: {hint}" == found.unmatched


def test_parts_that_only_do_not_meet_are_said_so() -> None:
    has = {"x": {"a": ["1"], "b": ["2"]}}
    assert known('x{a="1",b="2",c=""}', has).ever
    collector = PrometheusCollector(target_of("prometheus", url="http://127.0.0.1:1"))
    told = {'x{a="1",b="2"}': [], "x": ["a", "b"], "a": ["1"], "b": ["2"]}

    def text_of(path: str, link: object, parameters: dict[str, str], **more: object) -> Response:
        key = path.split("/")[-2] if path.endswith("/values") else parameters["match[]"]
        return Response(200, {}, json.dumps({"status": "success", "data": told[key]}).encode())

    collector.api.text = text_of  # type: ignore[assignment]
    ask = AskKnown(target=ID, selector='x{a="1",b="2"}')
    facts = collector.collect(ask, RecordingLink(collector.target))
    assert "each part matches some series, and none matches all" == facts.hint


def test_names_that_steer_a_terminal_are_shown_harmless_and_short() -> None:
    evil = "http_requests_total\x1b[2J" + "x" * 100
    found = known("http_requests_total_x", {evil: {"__name__": [evil]}})
    assert "\x1b" not in found.hint
    assert len(found.hint) < 200
