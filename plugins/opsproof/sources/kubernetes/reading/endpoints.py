"""What stands behind a Service: endpoints per port, and the pods that should be endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from opsproof.model.listing import Listing
from opsproof.sources.kubernetes.facts.network import Endpoint, EndpointSlice, Service, ServicePort
from opsproof.sources.kubernetes.facts.pods import Pod


class Backing(msgspec.Struct, frozen=True):
    """A Service with its EndpointSlices and the pods that its selector selects."""

    service: Service
    slices: tuple[EndpointSlice, ...]
    pods: tuple[Pod, ...]

    def ready(self, port: ServicePort | None = None) -> int:
        """Distinct endpoints that are ready and not terminating, on one port or on any.

        A Service that publishes addresses of unready pods calls them all ready: there the pods' own
        readiness decides.
        """
        publishes = self.service.spec.publish_not_ready_addresses
        unready = {pod.name for pod in self.pods if not pod.ready} if publishes else ()
        return len(
            {
                name
                for name, endpoint in self._endpoints(port)
                if endpoint.ready and not endpoint.terminating and name not in unready
            }
        )

    def least(self) -> int:
        """The fewest ready endpoints that any of its ports has."""
        return min(self.ready(port) for port in self.service.spec.ports or (None,))

    def _endpoints(self, port: ServicePort | None) -> Iterator[tuple[str, Endpoint]]:
        """Endpoints by pod name: a pod has one in each address family's slice."""
        for index, one in enumerate(self.slices):
            if port is None or any((offered.name or "") == port.name for offered in one.ports or ()):
                for place, endpoint in enumerate(one.endpoints or ()):
                    yield endpoint.target_ref.name if endpoint.target_ref else f"{index}/{place}", endpoint

    def misdirected(self) -> list[ServicePort]:
        """Ports whose targetPort is a name that no selected pod declares.

        A number needs no declaration: `containerPort` is informational.
        """
        return [
            port
            for port in self.service.spec.ports
            if isinstance(port.target_port, str) and self.pods and not _anywhere(port.target_port, self.pods)
        ]


class Backings:
    """Finds what stands behind each Service; looks at every pod once, however many Services there are."""

    def __init__(self, slices: Listing[EndpointSlice], pods: Listing[Pod]) -> None:
        self._slices, self._pods = slices, pods
        self._by_service: dict[tuple[str, str], list[EndpointSlice]] = {}
        for one in slices:
            self._by_service.setdefault((one.namespace, one.service), []).append(one)
        self._by_label: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in pods:
            for label, value in () if pod.finished else pod.labels.items():
                self._by_label.setdefault((pod.namespace, label, value), []).append(pod)

    def of(self, service: Service) -> Backing:
        """Raises CollectionError when the namespace's slices or pods are not known."""
        namespace = service.namespace
        self._slices.within(namespace)
        slices = self._by_service.get((namespace, service.name), ())
        return Backing(service, tuple(slices), tuple(self._selected(service)))

    def _selected(self, service: Service) -> Iterator[Pod]:
        self._pods.within(service.namespace)
        for label, value in list(service.spec.selector.items())[:1]:
            for pod in self._by_label.get((service.namespace, label, value), ()):
                if service.spec.selector.items() <= pod.labels.items():
                    yield pod


def _anywhere(name: str, pods: Iterable[Pod]) -> bool:
    return any(container.has_port(name) for pod in pods for container in pod.spec.long_running)
