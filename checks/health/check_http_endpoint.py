"""URLs that must answer."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import CRITICAL, AtMost, Count, Duration, Examination, Limits, Scoped, check
from opsproof.examine.tally import Fault, tally, too_slow
from opsproof.sources.http.facts import Endpoint, Endpoints, PageText, Probe, Unanswered, Url
from opsproof.sources.http.reading.answers import unanswered, wrong_document, wrong_page, wrong_status


class EndpointLimits(Limits):
    """`expects` must stand on each page, `refuses` must not; `document: false`: what a health document says
    does not count."""

    urls: Scoped[tuple[Url, ...]]
    expects: Scoped[tuple[PageText, ...]] = ()
    refuses: Scoped[tuple[PageText, ...]] = ()
    document: Scoped[bool] = True
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
        examine_endpoint(endpoint, limits, examine)


def examine_endpoint(endpoint: Endpoint, limits: EndpointLimits, examine: Examination) -> None:
    """All probes of one URL."""

    def fault(probe: Probe) -> Fault:
        return fault_of(probe, limits, health=endpoint.names_health)

    found = tally(endpoint.probes, endpoint.wanted, fault)
    with examine(endpoint, measured=found.failed, limit=limits.failures):
        found.decide(limits.failures)


def fault_of(probe: Probe, limits: EndpointLimits, *, health: bool) -> Fault:
    """Why a probe is not what the row wants; `health`: its path names a health document."""
    if probe.failure is not None:
        return unanswered(probe)
    if wrong := wrong_status(probe, limits.status):
        return wrong
    if limits.body == "json" and not probe.is_json:
        return f"HTTP {probe.status}, but {'an HTML page' if probe.is_html else 'no JSON'}; needed JSON"
    if wrong := wrong_page(probe, limits.expects, limits.refuses):
        return wrong
    return _document_fault(probe, limits, health) or _latency_fault(probe, limits)


def _document_fault(probe: Probe, limits: EndpointLimits, health: bool) -> Fault:
    if probe.health is None or not limits.document:
        return None
    return wrong_document(probe.health, probe.status, known=health or probe.health.listed)


def _latency_fault(probe: Probe, limits: EndpointLimits) -> Fault:
    return too_slow(probe.seconds, limits.latency) if limits.latency is not None else None
