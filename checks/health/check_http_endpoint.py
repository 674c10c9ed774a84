"""URLs that must answer."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import CRITICAL, AtMost, Count, Duration, Examination, Limits, Scoped, check
from opsproof.examine.tally import Fault, tally
from opsproof.sources.http.facts import Endpoint, Endpoints, Probe, Unanswered, Url
from opsproof.sources.http.health import State


class EndpointLimits(Limits):
    urls: Scoped[tuple[Url, ...]]
    probes: Count = Count(3)
    spacing: Duration = Duration(1)
    failures: AtMost[Count] = AtMost.parse(0, Count)
    status: tuple[int, ...] = (200,)
    latency: AtMost[Duration] | None = None
    body: Literal["any", "json"] = "any"


@check("health/http-endpoint", title="Every URL answers as it should", level=CRITICAL)
def check_endpoints(
    endpoints: Annotated[tuple[Endpoint | Unanswered, ...], Endpoints()],
    limits: EndpointLimits,
    examine: Examination,
) -> None:
    """What users or other systems call is down, slow, or answers an error page with status 200."""
    for endpoint in endpoints:
        if isinstance(endpoint, Unanswered):
            examine.unknown(endpoint.subject, endpoint.failure)
            continue
        found = tally(endpoint.probes, endpoint.wanted, lambda probe: fault_of(probe, limits))
        with examine(endpoint, measured=found.failed, limit=limits.failures):
            found.decide(limits.failures)


def fault_of(probe: Probe, limits: EndpointLimits) -> Fault:
    """Why a probe is not what the row wants."""
    if probe.failure is not None:
        return unanswered(probe)
    if probe.status not in limits.status:
        return status_text(probe, limits.status)
    if limits.body == "json" and not probe.is_json:
        return f"HTTP {probe.status}, but {'an HTML page' if probe.is_html else 'no JSON'}; needed JSON"
    if probe.error_page:
        return f"HTTP {probe.status}, but the page reports an error"
    if probe.health is not None and probe.health.overall is State.DOWN:
        return f"HTTP {probe.status}, but the document reports an error"
    if limits.latency is not None and not limits.latency.allows(probe.seconds):
        return f"slow: more than {limits.latency.broken(probe.seconds)[1]}"  # type: ignore[index]
    return None


def unanswered(probe: Probe) -> Fault:
    """A server that refuses, hangs or shows a bad certificate fails; what never reached it is undecided."""
    failure = probe.failure
    if failure is None or failure.own or failure.kind in {"TooBig", "NotConfigured"}:
        return failure
    return failure.message


def status_text(probe: Probe, needed: tuple[int, ...]) -> str:
    """The status found and needed; where a redirect leads."""
    to = f" to {probe.redirect_host}" if probe.redirect_host else ""
    return f"HTTP {probe.status}{to}; needed {' or '.join(map(str, needed))}"
