"""What widespread software calls its requests, errors and times. Data, each with the page that says so."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Preset(msgspec.Struct, frozen=True):
    """Selectors of one kind of software; `errors` are matchers on top of `requests`."""

    requests: str
    errors: str
    buckets: str
    unit: str
    source: str


PRESETS: Mapping[str, Preset] = {
    "istio": Preset(
        requests='istio_requests_total{reporter="destination"}',
        errors='response_code=~"5.."',
        buckets='istio_request_duration_milliseconds_bucket{reporter="destination"}',
        unit="ms",
        source="https://istio.io/latest/docs/reference/config/metrics/",
    ),
    "linkerd": Preset(
        requests='response_total{direction="inbound"}',
        errors='classification="failure"',
        buckets='response_latency_ms_bucket{direction="inbound"}',
        unit="ms",
        source="https://linkerd.io/2/reference/proxy-metrics/",
    ),
    "nginx-ingress": Preset(
        requests="nginx_ingress_controller_requests",
        errors='status=~"5.."',
        buckets="nginx_ingress_controller_request_duration_seconds_bucket",
        unit="s",
        source="https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/",
    ),
    "opentelemetry": Preset(
        requests="http_server_request_duration_seconds_count",
        errors='http_response_status_code=~"5.."',
        buckets="http_server_request_duration_seconds_bucket",
        unit="s",
        source="https://opentelemetry.io/docs/specs/semconv/http/http-metrics/",
    ),
    "spring": Preset(
        requests="http_server_requests_seconds_count",
        errors='status=~"5.."',
        buckets="http_server_requests_seconds_bucket",
        unit="s",
        source="https://docs.spring.io/spring-boot/reference/actuator/metrics.html",
    ),
}
