"""The Prometheus collector: against the real server, behind fault proxies, and on any JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsproof.collect.redaction import Redactor
from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError
from opsproof.model.target import Budget, TargetReport
from opsproof.sources.prometheus.collector import PrometheusCollector
from opsproof.sources.prometheus.facts import Query, Samples
from opsproof.sources.prometheus.status import (
    AskAlertmanagers,
    AskReady,
    AskRules,
    AskRuntime,
    AskTargets,
    KnownAlertmanagers,
    Readiness,
    RuleGroup,
    Runtime,
    ScrapeTarget,
)
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.web import Response
from tests.sources.yaml_bombs import bomb
from tests.testbed import place

ID = "prometheus:test"
UP = Query(target=ID, query="up")
JSON = "Content-Type: application/json"


def collected(ask: Ask, address: str, **more: Any) -> tuple[Any, RecordingLink]:
    """The facts, after the round trip that a recording makes."""
    seconds, budget = more.pop("seconds", 60.0), more.pop("budget", Budget())
    target = target_of("prometheus", budget=budget, url=f"http://{address}", **more)
    link = RecordingLink(target, seconds=seconds)
    collector = PrometheusCollector(target)
    try:
        facts = collector.collect(ask, link)
    finally:
        collector.close()
    assert msgspec.json.decode(msgspec.json.encode(facts), type=ask.answer) == facts
    return facts, link


def failure(behave: faulty.Behaviour, ask: Ask = UP, **more: Any) -> str:
    with faulty.serving(behave) as port, pytest.raises(CollectionError) as caught:
        collected(ask, f"127.0.0.1:{port}", **more)
    assert caught.value.target == ID
    return type(caught.value).__name__


def answered(document: object, ask: Ask = UP) -> Any:
    """Facts from this JSON, without a server between."""
    return _answered(json.dumps(document).encode(), ask)


def _answered(body: bytes, ask: Ask) -> Any:
    collector = PrometheusCollector(target_of("prometheus", url="http://127.0.0.1:1"))
    collector.api.text = lambda *args, **more: Response(200, {}, body)  # type: ignore[method-assign]
    return collector.collect(ask, RecordingLink(collector.target))


def vector(*elements: object, kind: str = "vector", **more: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": kind, "result": list(elements)}, **more}


# The real server.


@pytest.fixture(scope="module")
def real(testbed: None) -> str:
    return f"{place.HOST}:{place.PORTS['prometheus']}"


def ask_real(ask: Ask, real: str) -> Any:
    return collected(ask, real)[0]


def test_an_instant_query(real: str) -> None:
    samples, link = collected(Query(target=ID, query='count(up{job="prometheus"})'), real)
    assert isinstance(samples, Samples)
    assert samples.single() == 1
    assert link.clock is not None
    assert abs(samples.at - link.clock.timestamp()) < 2
    assert link.paths == ['GET /api/v1/query?query=count(up{job="prometheus"})']


def test_a_range_is_aligned_and_ends_now(real: str) -> None:
    samples = ask_real(Query(target=ID, query="vector(1)", range=300.0, step=15.0), real)
    (series,) = samples
    assert samples.expected_points == 20
    assert len(series.values) in {20, 21}
    assert all(time % 15 == 0 for time, _ in series.values)
    assert samples.current(series)


def test_empty_is_no_data_and_nan_is_a_value(real: str) -> None:
    assert ask_real(Query(target=ID, query="no_such_metric"), real).empty
    assert math.isnan(ask_real(Query(target=ID, query="vector(0) / 0"), real).only().value)
    assert ask_real(Query(target=ID, query="-vector(1) / 0"), real).only().values[0][1] == "-Inf"
    assert ask_real(Query(target=ID, query="vector(42)"), real).single() == 42


@pytest.mark.parametrize("query", ["sum(", "up{", '"text"', "up[5m]", "up + on () up", "42"])
def test_a_query_that_gives_no_vector_is_no_answer(real: str, query: str) -> None:
    with pytest.raises(CollectionError) as caught:
        ask_real(Query(target=ID, query=query), real)
    assert type(caught.value).__name__ == "BadAnswer"


def test_targets_hold_allowed_labels_only(real: str) -> None:
    targets = ask_real(AskTargets(target=ID), real)
    assert all(isinstance(one, ScrapeTarget) and one.interval > 0 for one in targets)
    assert {"repo-scanner", "smartcloudops-backend", "prometheus"} <= {one.job for one in targets}
    assert not any(name.startswith("__") for one in targets for name in one.labels)


def test_rules(real: str) -> None:
    groups = ask_real(AskRules(target=ID), real)
    assert all(isinstance(group, RuleGroup) and group.interval > 0 for group in groups)
    (watchdog,) = [rule for group in groups for rule in group.rules if rule.name == "Watchdog"]
    assert (watchdog.query, watchdog.alerting, watchdog.health) == ("vector(1)", True, "ok")
    assert watchdog.evaluated is not None


def test_what_it_says_of_itself(real: str) -> None:
    assert ask_real(AskReady(target=ID), real) == Readiness(status=200, ready=True)
    alertmanager = f"{place.HOST}:{place.PORTS['alertmanager']}"
    assert ask_real(AskAlertmanagers(target=ID), real) == KnownAlertmanagers(active=(alertmanager,))
    runtime = ask_real(AskRuntime(target=ID), real)
    assert isinstance(runtime, Runtime)
    assert (runtime.retention, runtime.reload_ok) == (45 * 86400.0, True)


def test_it_proves_its_external_labels(real: str) -> None:
    target = target_of("prometheus", url=f"http://{real}", identity={"label.cluster": "testbed"})
    report = PrometheusCollector(target).identify(RecordingLink(target))
    assert report.identity == {"label.cluster": "testbed"}
    assert report.version.startswith("2.")
    assert report.authenticated_as == "anonymous"


# Servers that misbehave.


def test_unreachable() -> None:
    with pytest.raises(CollectionError, match="refused"):
        collected(UP, f"127.0.0.1:{faulty.unused_port()}")


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (faulty.reset, "Unreachable"),
        (faulty.answering(faulty.http(b"{}", status="403 Forbidden")), "Forbidden"),
        (faulty.answering(faulty.http(b"{}", status="401 Unauthorized")), "Unauthenticated"),
        (faulty.answering(faulty.http(b"{}", status="404 Not Found")), "NotFound"),
        (faulty.answering(faulty.http(b"{}", status="500 Oops")), "BadAnswer"),
        (faulty.answering(faulty.http(b"", "Location: /login", status="302 Found")), "BadAnswer"),
        (faulty.answering(faulty.http(b"<html>Please sign in</html>")), "BadAnswer"),
        (faulty.answering(faulty.http(b"", JSON)), "BadAnswer"),
        (faulty.answering(faulty.http(b'{"status":"success","data":', JSON, length=500)), "BadAnswer"),
        (faulty.answering(faulty.http(b"[" * 100_000, JSON)), "BadAnswer"),
        (faulty.answering(faulty.http(b'"\xff\xfe"', JSON)), "BadAnswer"),
    ],
)
@pytest.mark.parametrize(
    "ask", [UP, AskTargets(target=ID), AskRules(target=ID)], ids=lambda ask: type(ask).__name__
)
def test_what_is_no_answer_is_never_an_empty_one(behave: faulty.Behaviour, kind: str, ask: Ask) -> None:
    assert failure(behave, ask) == kind


def test_slower_than_the_deadline() -> None:
    assert failure(faulty.silent, seconds=0.3) == "TimedOut"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    assert failure(faulty.dripping(head, b" "), seconds=0.3) == "TimedOut"


def test_larger_than_the_budget() -> None:
    body = json.dumps(vector(*[{"metric": {"pod": "x" * 500}, "value": [1, "1"]}] * 100)).encode()
    assert failure(faulty.answering(faulty.http(body)), budget=Budget(max_bytes=10_000)) == "TooBig"


REFUSAL = {
    "status": "error",
    "errorType": "bad_data",
    "error": "1:5: parse error: unclosed \x1b[31m parenthesis",
}


@pytest.mark.parametrize("status", ["400 Bad Request", "422 Unprocessable Entity", "500 Oops", "200 OK"])
def test_a_refusal_has_the_servers_own_words_and_the_query(status: str) -> None:
    """Also one that comes with 200; nothing of it steers a terminal."""
    body = faulty.http(json.dumps(REFUSAL).encode(), JSON, status=status)
    with (
        faulty.serving(faulty.answering(body)) as port,
        pytest.raises(BadAnswer) as caught,
    ):
        collected(Query(target=ID, query="sum("), f"127.0.0.1:{port}")
    assert "(bad_data: 1:5: parse error: unclosed \ufffd[31m parenthesis)" in str(caught.value)
    assert "the query is sum(" in str(caught.value)


def test_the_servers_words_are_bounded() -> None:
    with pytest.raises(BadAnswer) as caught:
        answered({"status": "error", "errorType": "x" * 10**6, "error": "y" * 10**6})
    assert len(str(caught.value)) < 600


def test_secrets_in_the_servers_words_are_blanked_where_they_are_kept() -> None:
    """An error may repeat a credential: it goes the way of all messages, through the redactor."""
    with pytest.raises(BadAnswer) as caught:
        answered({"status": "error", "error": "token hunter2pass of http://u:hunter2pass@x"})
    assert "hunter2pass" not in Redactor(["hunter2pass"]).text(str(caught.value))
    assert "hunter2pass@" not in Redactor().text(str(caught.value))


def test_a_fronts_error_page_stays_out_of_the_message() -> None:
    page = faulty.http(b"<html>hunter2</html>", status="422 Oops")
    with (
        faulty.serving(faulty.answering(page)) as port,
        pytest.raises(BadAnswer) as caught,
    ):
        collected(UP, f"127.0.0.1:{port}")
    assert "HTTP 422 for /api/v1/query" == str(caught.value)


def test_the_name_of_a_wrong_type_cannot_steer_a_terminal() -> None:
    with pytest.raises(BadAnswer) as caught:
        answered(vector(kind="\x1b]0;owned\x07" + "x" * 10**6))
    assert "the query gives a \ufffd]0;owned\ufffdxxxxxxxxx…, needed is a vector" == str(caught.value)


@pytest.mark.parametrize(("kind", "result"), [("scalar", [1, "1"]), ("matrix", []), ("string", [1, "x"])])
def test_another_type_than_the_one_needed_is_refused(kind: str, result: object) -> None:
    """A row's query that gives a plain number would otherwise be taken for one series."""
    with pytest.raises(BadAnswer, match=f"the query gives a {kind}, needed is a vector"):
        answered({"status": "success", "data": {"resultType": kind, "result": result}})


@pytest.mark.timeout(20)
def test_a_number_of_a_million_digits_is_refused_at_once() -> None:
    with pytest.raises(BadAnswer, match="no number"):
        answered(vector({"metric": {}, "value": [1, "1" * 10**6 + "x"]}))


def test_external_labels_are_one_printable_line_each() -> None:
    """People are told to paste them."""
    config = yaml.safe_dump(
        {"global": {"external_labels": {"cluster": "a\n  evil: true\x1b[2J" + "x" * 999}}}
    )
    report = _identified({"yaml": config})
    (value,) = report.identity.values()
    assert "a evil: true\ufffd[2J" in value
    assert len(value) <= 200


def test_a_configuration_of_aliases_proves_no_label() -> None:
    report = _identified({"yaml": bomb()})
    assert {} == report.identity
    assert "nodes" in report.failure


def _identified(config: object) -> TargetReport:
    collector = PrometheusCollector(target_of("prometheus", url="http://127.0.0.1:1"))
    bodies = {"/api/v1/status/config": config, "/api/v1/status/buildinfo": {"version": "3.1.0"}}
    collector.api.text = lambda path, *args, **more: Response(  # type: ignore[method-assign]
        200, {}, json.dumps({"status": "success", "data": bodies[path]}).encode()
    )
    return collector.identify(RecordingLink(collector.target))


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        ("200 OK", b"Prometheus Server is Ready.\n", Readiness(status=200, ready=True)),
        ("503 Service Unavailable", b"Service Unavailable", Readiness(status=503, ready=False)),
    ],
)
def test_readiness(status: str, body: bytes, found: Readiness) -> None:
    with faulty.serving(faulty.answering(faulty.http(body, status=status))) as port:
        assert collected(AskReady(target=ID), f"127.0.0.1:{port}")[0] == found


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("200 OK", "BadAnswer"),
        ("302 Found", "BadAnswer"),
        ("401 Unauthorized", "Unauthenticated"),
        ("403 Forbidden", "Forbidden"),
        ("404 Not Found", "NotFound"),
    ],
)
def test_a_page_is_no_readiness(status: str, kind: str) -> None:
    page = b"<html>ready to sign in?</html>"
    assert failure(faulty.answering(faulty.http(page, status=status)), AskReady(target=ID)) == kind


def test_credentials_are_sent_and_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_TOKEN", "hunter2")
    seen: list[bytes] = []

    def behave(connection: Any) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(faulty.http(json.dumps(vector()).encode()))

    with faulty.serving(behave) as port:
        facts, link = collected(UP, f"127.0.0.1:{port}", token={"env": "PROMETHEUS_TOKEN"})
    assert facts.empty
    assert b"Authorization: Bearer hunter2" in seen[0]
    assert "hunter2" not in msgspec.json.encode(link.requests).decode()


# Any JSON.


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"status": "success"},
        {"status": "error", "data": {"resultType": "vector", "result": []}},
        vector(kind="matrix"),
        vector(kind="string"),
        {"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}},
        vector({"metric": {}, "value": [1, "x"]}),
        vector({"metric": {}, "value": [1, "1_0"]}),
        vector({"metric": {}, "value": [1, 1]}),
        vector({"metric": {}, "value": ["1", "1"]}),
        vector({"metric": {}, "value": [-1, "1"]}),
        vector({"metric": {}, "value": [1e300, "1"]}),
        vector({"metric": {}, "values": [[1, "1"]]}),
        vector({"metric": {}, "histogram": [1, {}]}),
        vector({"metric": {}, "value": [1, "1"], "histogram": [1, {}]}),
        vector({"metric": {}}),
        vector({"metric": {}, "value": [1, "1"]}, {"metric": {}, "value": [1, "2"]}),
    ],
)
def test_what_is_no_vector_is_refused(document: object) -> None:
    with pytest.raises(CollectionError):
        answered(document)


@pytest.mark.parametrize("values", [[], [[2, "1"], [1, "1"]], [[1, "1"], [1, "1"]]])
def test_what_is_no_course_is_refused(values: object) -> None:
    with pytest.raises(CollectionError):
        answered(
            vector({"metric": {}, "values": values}, kind="matrix"),
            Query(target=ID, query="x", range=60, step=15),
        )


def test_infos_are_no_warnings() -> None:
    samples = answered(
        vector(warnings=["PromQL info: maybe no counter", "store is down"], infos=["PromQL info: x"])
    )
    assert samples.warnings == ("store is down",)
    assert len(samples.infos) == 2


def test_a_part_of_a_cluster_is_a_warning() -> None:
    """VictoriaMetrics answers with success though some of its storage did not."""
    assert ("not all of its storage answered (isPartial)",) == answered(vector(isPartial=True)).warnings


@pytest.mark.parametrize("more", [{"warnings": ["store is down"]}, {"isPartial": True}])
def test_a_list_with_a_warning_is_no_answer(more: dict[str, object]) -> None:
    """Thanos and others list what they have, and what is missing would look like what is not there."""
    with pytest.raises(BadAnswer, match=r"Prometheus warns: (store is down|not all)"):
        answered({"status": "success", "data": {"groups": []}, **more}, AskRules(target=ID))


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
SHAPED = st.builds(
    lambda status, kind, elements, more: {
        "status": status,
        "data": {"resultType": kind, "result": elements},
        **more,
    },
    st.sampled_from(["success", "success", "error"]) | ANY,
    st.sampled_from(["vector", "vector", "matrix", "scalar", "string"]) | ANY,
    st.lists(
        st.fixed_dictionaries(
            {"metric": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2) | ANY},
            optional={
                "value": st.tuples(st.floats() | ANY, st.floats().map(str) | ANY),
                "values": st.lists(
                    st.tuples(st.floats() | ANY, st.sampled_from(["1", "NaN", "+Inf", "x"]) | ANY)
                )
                | ANY,
            },
        )
        | ANY,
        max_size=3,
    )
    | ANY,
    st.dictionaries(st.sampled_from(["warnings", "infos", "isPartial"]), ANY),
)


@given(ANY | SHAPED, st.sampled_from([UP, Query(target=ID, query="x", range=60.0, step=15.0)]))
def test_any_json_is_refused_or_made_of_ordered_numbers(document: object, ask: Query) -> None:
    try:
        samples = answered(document, ask)
    except CollectionError:
        return
    assert msgspec.json.decode(msgspec.json.encode(samples), type=Samples) == samples
    for series in samples:
        times = [point.time for point in series.points]
        assert times
        assert times == sorted(set(times))


@given(ANY, st.sampled_from([AskTargets, AskRules, AskAlertmanagers, AskRuntime]))
def test_any_json_about_itself_is_refused_or_typed(data: object, kind: type[Ask]) -> None:
    ask = kind(target=ID)
    for document in (data, {"status": "success", "data": data}):
        try:
            facts = answered(document, ask)
        except CollectionError:
            continue
        assert msgspec.json.decode(msgspec.json.encode(facts), type=ask.answer) == facts


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(CollectionError):
        _answered(body, UP)


def test_of_urls_and_errors_only_what_holds_no_secret_is_kept() -> None:
    target = {
        "labels": {"job": "api", "customer": "ACME"}, "health": "down",
        "lastScrape": "2026-03-02T08:59:55.123456789Z",
        "lastError": 'Get "http://u:hunter2@10.0.0.1/metrics": dial tcp: connection refused',
        "scrapeUrl": "http://u:hunter2@10.0.0.1/metrics", "scrapeInterval": "1m",
    }  # fmt: skip
    (found,) = answered({"status": "success", "data": {"activeTargets": [target]}}, AskTargets(target=ID))
    assert (found.labels, found.problem, found.interval) == ({"job": "api"}, "connection refused", 60)
    url = {"url": "https://u:hunter2@am.example.com:9093/api/v2/alerts"}
    data = {"activeAlertmanagers": [url], "droppedAlertmanagers": []}
    facts = answered({"status": "success", "data": data}, AskAlertmanagers(target=ID))
    assert facts.active == ("am.example.com:9093",)


@pytest.mark.parametrize("told", [True, False, None])
def test_a_reload_is_told_or_it_is_not(told: bool | None) -> None:
    data = {} if told is None else {"reloadConfigSuccess": told}
    assert told is answered({"status": "success", "data": data}, AskRuntime(target=ID)).reload_ok


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45d", 45 * 86400), ("1y", 365 * 86400), ("15d or 512MiB", 15 * 86400), ("512MB", None), ("", None)],
)
def test_retention(text: str, seconds: float | None) -> None:
    assert (
        answered({"status": "success", "data": {"storageRetention": text}}, AskRuntime(target=ID)).retention
        == seconds
    )
