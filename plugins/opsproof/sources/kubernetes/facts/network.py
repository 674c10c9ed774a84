"""Services, EndpointSlices, Ingresses, IngressClasses and NetworkPolicies."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import KubernetesObject, Meta, Wire
from opsproof.sources.kubernetes.facts.selectors import LabelSelector, selects


class Address(Wire, frozen=True):
    ip: str = ""
    hostname: str = ""


class LoadBalancer(Wire, frozen=True):
    ingress: tuple[Address, ...] = ()


class LoadBalanced(Wire, frozen=True):
    """The status of a Service or an Ingress."""

    load_balancer: LoadBalancer = LoadBalancer()


class ServicePort(Wire, frozen=True):
    port: int
    name: str = ""
    target_port: int | str = 0
    node_port: int = 0
    protocol: str = "TCP"


class ServiceSpec(Wire, frozen=True):
    type: str = "ClusterIP"
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_name: str = ""
    publish_not_ready_addresses: bool = False


class Service(KubernetesObject, frozen=True):
    """A Service without selector has its endpoints written by somebody else."""

    kind: ClassVar[str] = "Service"
    spec: ServiceSpec = ServiceSpec()
    status: LoadBalanced = LoadBalanced()

    def has_port(self, port: int | str) -> bool:
        """Whether it offers this port, by name or number."""
        return any(port in (offered.name, offered.port) for offered in self.spec.ports)


class EndpointConditions(Wire, frozen=True):
    """null means: ready and serving, not terminating."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetReference(Wire, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Endpoint(Wire, frozen=True):
    conditions: EndpointConditions = EndpointConditions()
    target_ref: TargetReference | None = None
    node_name: str | None = None

    @property
    def ready(self) -> bool:
        return self.conditions.ready is not False

    @property
    def terminating(self) -> bool:
        return self.conditions.terminating is True


class EndpointPort(Wire, frozen=True):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class EndpointSlice(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "EndpointSlice"
    address_type: str = ""
    endpoints: tuple[Endpoint, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None

    @property
    def service(self) -> str:
        """The name of the Service that it belongs to."""
        return self.labels.get("kubernetes.io/service-name", "")


class BackendPort(Wire, frozen=True):
    name: str = ""
    number: int = 0


class ServiceBackend(Wire, frozen=True):
    name: str
    port: BackendPort = BackendPort()


class Backend(Wire, frozen=True):
    """`service` is None for a resource backend."""

    service: ServiceBackend | None = None


class IngressPath(Wire, frozen=True):
    path: str = ""
    backend: Backend = Backend()


class HttpRule(Wire, frozen=True):
    paths: tuple[IngressPath, ...] = ()


class IngressRule(Wire, frozen=True):
    host: str = ""
    http: HttpRule = HttpRule()


class IngressTls(Wire, frozen=True):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Wire, frozen=True):
    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTls, ...] = ()


class ClassAnnotations(Wire, frozen=True):
    """The two annotations that name or elect an ingress class."""

    ingress_class: str = msgspec.field(default="", name="kubernetes.io/ingress.class")
    is_default: str = msgspec.field(default="", name="ingressclass.kubernetes.io/is-default-class")


class ClassMeta(Meta, frozen=True):
    annotations: ClassAnnotations = ClassAnnotations()


class Ingress(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "Ingress"
    metadata: ClassMeta
    spec: IngressSpec = IngressSpec()
    status: LoadBalanced = LoadBalanced()

    @property
    def class_name(self) -> str:
        """The IngressClass it names, also by the older annotation; "" leaves it to the default class."""
        return self.spec.ingress_class_name or self.metadata.annotations.ingress_class

    @property
    def addresses(self) -> tuple[str, ...]:
        given = self.status.load_balancer.ingress
        return tuple(address.hostname or address.ip for address in given if address.hostname or address.ip)

    @property
    def tls_secrets(self) -> tuple[str, ...]:
        """The Secrets that it takes its certificates from; without one its controller has a default."""
        return tuple(dict.fromkeys(one.secret_name for one in self.spec.tls if one.secret_name))

    @property
    def backends(self) -> tuple[ServiceBackend, ...]:
        """Every Service that it sends requests to."""
        every = [path.backend for rule in self.spec.rules for path in rule.http.paths]
        every += [self.spec.default_backend] if self.spec.default_backend else []
        return tuple(backend.service for backend in every if backend.service)


class ClassSpec(Wire, frozen=True):
    controller: str = ""


class IngressClass(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "IngressClass"
    metadata: ClassMeta
    spec: ClassSpec = ClassSpec()

    @property
    def is_default(self) -> bool:
        return self.metadata.annotations.is_default == "true"


class IpBlock(Wire, frozen=True):
    """Addresses, without those of `excluded` (the API's `except`)."""

    cidr: str = ""
    excluded: tuple[str, ...] = msgspec.field(default=(), name="except")


class Peer(Wire, frozen=True):
    """No `namespace_selector`: the policy's own namespace. No `pod_selector`: every pod in it."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IpBlock | None = None


class PolicyPort(Wire, frozen=True):
    port: int | str | None = None
    end_port: int | None = None
    protocol: str | None = None


class IngressAllowed(Wire, frozen=True):
    """No peers: from everywhere. No ports: to every port."""

    peers: tuple[Peer, ...] = msgspec.field(default=(), name="from")
    ports: tuple[PolicyPort, ...] = ()


class EgressAllowed(Wire, frozen=True):
    """No peers: to everywhere. No ports: to every port."""

    peers: tuple[Peer, ...] = msgspec.field(default=(), name="to")
    ports: tuple[PolicyPort, ...] = ()


class PolicySpec(Wire, frozen=True):
    pod_selector: LabelSelector | None = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressAllowed, ...] | None = None
    egress: tuple[EgressAllowed, ...] | None = None


class NetworkPolicy(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "NetworkPolicy"
    spec: PolicySpec = PolicySpec()

    @property
    def directions(self) -> frozenset[str]:
        """Ingress, Egress or both: as stated, else Ingress, with Egress when it has egress rules."""
        stated = frozenset(self.spec.policy_types)
        return stated or frozenset({"Ingress", "Egress"} if self.spec.egress else {"Ingress"})

    def applies(self, labels: dict[str, str], namespace: str) -> bool:
        """Whether it isolates a pod with these labels in that namespace."""
        return namespace == self.namespace and selects(self.spec.pod_selector, labels)

    def rules(self, direction: str) -> tuple[IngressAllowed | EgressAllowed, ...]:
        """What it allows in that direction; nothing allowed is a deny."""
        return tuple((self.spec.ingress if direction == "Ingress" else self.spec.egress) or ())
