"""How a row's services become selectors and asks."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from opsproof.examine.services import (
    LatencyOf,
    Service,
    ServiceLimits,
    TrafficOf,
    seconds_per_unit,
    selected,
)
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.moment import Clock
from opsproof.sources.prometheus.facts import Query
from opsproof.sources.prometheus.known import AskKnown
from opsproof.sources.prometheus.presets import PRESETS
from opsproof.sources.prometheus.reading.parse import selector
from tests.checks.contexts import METRICS, Row
from tests.checks.measured import NOW, instant


def row(**scope: Any) -> Row:
    return Row(ServiceLimits(**scope))


def services(context: Row) -> list[Service]:
    assert isinstance(context.limits, ServiceLimits)
    return list(context.limits.measured().values())


def selectors(context: Row, what: str) -> list[str]:
    return [str(selected(one, what, context)) for one in services(context)]


def test_without_services_the_environments_metrics_are_the_one_service() -> None:
    assert [METRICS["http_requests"]] == selectors(row(), "requests")
    assert [METRICS["http_errors"]] == selectors(row(), "errors")


def test_matchers_narrow_every_selector_of_a_service() -> None:
    context = row(services={"cart": 'app="cart"', "pay": {"matchers": 'app="pay"'}}, matchers='zone="a"')
    assert [
        'http_requests_total{namespace="shop",zone="a",app="cart"}',
        'http_requests_total{namespace="shop",zone="a",app="pay"}',
    ] == selectors(context, "requests")
    assert selectors(context, "errors")[0] == (
        'http_requests_total{namespace="shop",status=~"5..",zone="a",app="cart"}'
    )


def test_errors_may_be_matchers_on_top_of_the_requests() -> None:
    context = row(
        services={"cart": {"requests": "cart_total", "errors": 'code="bad"', "matchers": 'app="x"'}}
    )
    assert ['cart_total{app="x",code="bad"}'] == selectors(context, "errors")


def test_a_preset_knows_its_software() -> None:
    context = row(services={"cart": 'destination_service_name="cart"'}, preset="istio")
    assert [
        'istio_requests_total{reporter="destination",destination_service_name="cart",response_code=~"5.."}'
    ] == selectors(context, "errors")
    (query, *_) = [ask for ask in LatencyOf().asks(context) if isinstance(ask, Query)]
    assert "istio_request_duration_milliseconds_bucket" in query.query


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_readable_and_names_its_source_and_unit(name: str) -> None:
    context = row(preset=name)
    (service,) = services(context)
    requests, errors = selected(service, "requests", context), selected(service, "errors", context)
    assert set(requests.matchers) < set(errors.matchers)
    assert seconds_per_unit(selected(service, "buckets", context), "") == seconds_per_unit(
        selected(service, "buckets", context), PRESETS[name].unit
    )
    assert PRESETS[name].source.startswith("https://")


@pytest.mark.parametrize(
    ("metric", "unit", "scale"),
    [
        ("http_request_duration_seconds_bucket", "", 1.0),
        ("istio_request_duration_milliseconds_bucket", "", 1e-3),
        ("response_latency_ms_bucket", "", 1e-3),
        ("rpc_latency_microseconds_bucket", "", 1e-6),
        ("latency_bucket", "ms", 1e-3),
        ("latency_seconds_bucket", "ms", 1e-3),
    ],
)
def test_the_unit_comes_from_the_name_or_from_the_row(metric: str, unit: str, scale: float) -> None:
    assert scale == seconds_per_unit(selector(metric), unit)


def test_a_histogram_whose_unit_nothing_tells_is_refused_before_anything_is_asked() -> None:
    context = Row(metrics={**METRICS, "http_duration_buckets": "request_latency_bucket"})
    with pytest.raises(NotConfigured, match="the unit of request_latency_bucket is not told by its name"):
        LatencyOf().asks(context)
    assert ["write `unit: ms` (or s) in scope" in text for text in LatencyOf().problems(context)] == [True]
    told = Row(ServiceLimits(unit="ms"), context.metrics)
    assert () == LatencyOf().problems(told)


@pytest.mark.parametrize(
    ("metrics", "problem"),
    [
        ({"http_errors": "sum(x)"}, "is no selector"),
        ({"http_errors": "x{"}, "cannot be read"),
        ({"http_requests": "${typo}"}, "typo"),
    ],
)
def test_what_is_wrong_is_said_without_asking(metrics: dict[str, str], problem: str) -> None:
    context = Row(metrics={**METRICS, **metrics})
    context.metrics = {name: text for name, text in context.metrics.items() if "${" not in text}
    (said,) = TrafficOf().problems(context)
    assert problem in said or "is not set" in said


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ({"preset": "itsio"}, "no preset"),
        ({"unit": "min"}, "no unit"),
        ("app=", "label matchers"),
        ({"x": "y"}, "x"),
    ],
)
def test_a_service_that_is_none_is_refused(service: Any, problem: str) -> None:
    if service == "app=":
        service = "=cart"
    with pytest.raises(ValidationError, match=problem):
        ServiceLimits(services={"cart": service})


def test_the_proof_is_asked_by_the_labels_that_tell_errors() -> None:
    asks = TrafficOf().asks(row())
    assert any("sum by (status) (" in ask.query for ask in asks if isinstance(ask, Query))
    assert [METRICS["http_requests"]] == [ask.selector for ask in asks if isinstance(ask, AskKnown)]


def test_errors_of_another_metric_are_looked_up() -> None:
    context = Row(metrics={**METRICS, "http_errors": "http_failed_total"})
    asks = TrafficOf().asks(context)
    assert "http_failed_total" in [ask.selector for ask in asks if isinstance(ask, AskKnown)]


def test_answers_come_back_to_their_services() -> None:
    """One service's failure is its own."""
    context = row(services={"cart": 'app="cart"', "pay": 'app="pay"'})
    argument = TrafficOf()
    answers = [_answer(ask) for ask in argument.asks(context)]
    cart, pay = argument.assemble(answers, context)
    assert ("cart", "pay") == (cart.name, pay.name)
    assert isinstance(cart.found["total"], Failure)
    assert 7 == pay.found["total"].single()


def _answer(ask: Ask) -> Answer[Any]:
    if isinstance(ask, Query) and 'app="cart"' not in ask.query:
        return Answer(ask, instant(7), None, Clock(NOW))
    return Answer(ask, None, Failure("TimedOut", "late", "prometheus:x"), Clock(NOW))


def test_a_service_is_shown_as_it_is_written() -> None:
    assert 'istio app="cart"' == str(Service(preset="istio", matchers='app="cart"'))
