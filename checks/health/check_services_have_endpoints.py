"""Services: somebody answers behind them."""

from __future__ import annotations

from opsproof import CRITICAL, AtLeast, Count, Duration, Examination, Limits, Scoped, Subject, check
from opsproof.model.failure import CollectionError
from opsproof.model.words import are, several
from opsproof.sources.kubernetes.asks import Deployments, EndpointSlices, Pods, Services
from opsproof.sources.kubernetes.facts.network import Service
from opsproof.sources.kubernetes.reading.choice import absent, named
from opsproof.sources.kubernetes.reading.endpoints import Backing, Backings
from opsproof.sources.kubernetes.reading.transitions import (
    Since,
    WorkloadKey,
    earliest,
    unavailable_since,
    unready_since,
    workload_key,
)


class ServiceLimits(Limits):
    """`services`: names, or `name:port`; each must exist. `ports`: what every one of them must offer."""

    services: Scoped[tuple[str, ...]] = ()
    ports: Scoped[tuple[int | str, ...]] = ()
    endpoints: AtLeast[Count] = AtLeast.parse(1, Count)
    grace: Duration = Duration.parse("5m")


@check(
    "health/services-have-endpoints", title="Every Service has ready endpoints on each port", level=CRITICAL
)
def check_service_endpoints(
    services: Services,
    slices: EndpointSlices,
    pods: Pods,
    deployments: Deployments,
    limits: ServiceLimits,
    examine: Examination,
) -> None:
    """Connections to a Service without ready endpoints are refused, although its pods run."""
    asked = dict(text.partition(":")[::2] for text in limits.services)
    chosen, missing = named(services, asked, by=lambda service: service.name)
    backings = Backings(slices, pods)
    outages = {workload_key(one): unavailable_since(one) for one in deployments}
    for service in chosen:
        if why := _set_aside(service):
            examine.exclude(service, why)
            continue
        ports = (*limits.ports, *_ports(asked.get(service.name, "")))
        try:
            _examine(backings.of(service), ports, outages, pods, limits, examine)
        except CollectionError as gap:
            examine.unknown(service, gap)
    for name in missing:
        with examine(Subject("service", name), measured=Count(0), limit=limits.endpoints):
            raise AssertionError(absent(services, f"Service {name}"))


def _set_aside(service: Service) -> str:
    if service.spec.type == "ExternalName":
        return "an ExternalName Service, which has no endpoints"
    return "" if service.spec.selector else "a Service without selector: its endpoints are written by others"


def _ports(text: str) -> tuple[int | str, ...]:
    return (int(text) if text.isdigit() else text,) if text else ()


def _examine(
    behind: Backing,
    ports: tuple[int | str, ...],
    outages: dict[WorkloadKey, Since],
    pods: Pods,
    limits: ServiceLimits,
    examine: Examination,
) -> None:
    service, ready = behind.service, behind.least()
    absent_ports = [str(port) for port in ports if not service.has_port(port)]
    wrong = behind.misdirected()
    short = _short_since(behind, outages, limits) if not limits.endpoints.allows(ready) else Since()
    since = pods.moment(*short)
    with examine(
        service,
        measured=Count(ready),
        limit=limits.endpoints,
        since=since,
        grace=None if absent_ports or wrong else limits.grace,
    ) as it:
        assert not absent_ports, f"it does not offer port {', '.join(absent_ports)}"
        assert not wrong, "; ".join(
            f"port {port.port}: no pod declares its targetPort {port.target_port}" for port in wrong
        )
        assert behind.pods or ready, "its selector selects no pod"
        told = f"{several(ready, 'ready endpoint')}, {limits.endpoints} needed; {_states(behind)}"
        it.holds(limits.endpoints, ready, told)


def _states(behind: Backing) -> str:
    able = sum(pod.ready and not pod.terminating for pod in behind.pods)
    return f"{able} of its {are(len(behind.pods), 'pod')} ready"


def _short_since(behind: Backing, outages: dict[WorkloadKey, Since], limits: ServiceLimits) -> Since:
    """When the endpoints became too few: with the last pod that went unready, or with its workload."""
    if not behind.pods:
        return Since(behind.service.created, "the Service's creation")
    out = [unready_since(pod) for pod in behind.pods if pod.terminating or not pod.ready]
    dated = sorted((since for since in out if since.moment is not None), reverse=True)
    lacking = next(
        (count for count in range(1, len(dated) + 1) if limits.endpoints.allows(behind.least() + count)), 0
    )
    owners = {(pod.namespace, *(pod.workload or ("", ""))) for pod in behind.pods}
    return earliest(
        dated[lacking - 1] if lacking else Since(), *(outages.get(key, Since()) for key in owners)
    )
