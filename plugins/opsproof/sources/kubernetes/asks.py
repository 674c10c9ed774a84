"""What checks ask of a Kubernetes API server: the resources, the asks, and the sources for their arguments.

    @check("scaling/pdb", ...)
    def check_disruption_budgets(workloads: Workloads, budgets: DisruptionBudgets, limits, examine): ...

Namespaced things are asked for once per namespace of the environment's `namespaces`; the answer is one
Listing, with a gap for each namespace that was refused or does not exist: the API lists nothing in a
namespace that was never made, so that each is also asked for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context, listing
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.listing import Listing
from opsproof.model.paths import segment
from opsproof.model.rights import Need
from opsproof.model.scope import WHOLE, Scope, in_namespace
from opsproof.sources.kubernetes.existence import proven
from opsproof.sources.kubernetes.facts import (
    autoscaling,
    certmanager,
    cluster,
    events,
    helm,
    network,
    nodes,
    priorities,
    quotas,
    scaling,
    storage,
    velero,
    workloads,
)
from opsproof.sources.kubernetes.facts.meta import KubernetesObject
from opsproof.sources.kubernetes.facts.pods import Pod

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"


class Resource(msgspec.Struct, frozen=True):
    """Where the API serves a kind, and the fact that keeps what is needed of it.

    Facts name their kind as the API does. `media` are the forms in which a list is accepted: of what the API
    server has built in protobuf, which costs both sides half, else JSON.
    """

    prefix: str
    plural: str
    fact: type[KubernetesObject]
    namespaced: bool = True
    media: str = f"{PROTOBUF}, {JSON};q=0.9"

    @property
    def list_kind(self) -> str:
        return f"{self.fact.kind}List"

    @property
    def group(self) -> str:
        """The API group, "" for the core's."""
        return self.prefix.split("/")[2] if self.prefix.startswith("/apis/") else ""

    @property
    def name(self) -> str:
        """As RBAC's people write it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "") -> str:
        scope = f"/namespaces/{segment(namespace)}" if namespace else ""
        return f"{self.prefix}{scope}/{self.plural}" + (f"/{segment(name)}" if name else "")


_CORE, _APPS, _BATCH, _METRICS = "/api/v1", "/apis/apps/v1", "/apis/batch/v1", "/apis/metrics.k8s.io/v1beta1"
_NETWORKING, _STORAGE = "/apis/networking.k8s.io/v1", "/apis/storage.k8s.io/v1"
_SCALING, _REGISTRATION = "/apis/autoscaling/v2", "/apis/apiregistration.k8s.io/v1"
_MONITORING = "/apis/monitoring.coreos.com/v1"

_SCHEDULING = "/apis/scheduling.k8s.io/v1"
_KEDA, _KARPENTER = "/apis/keda.sh/v1alpha1", "/apis/karpenter.sh/v1"
_CERTS, _ACME = f"/apis/{certmanager.GROUP}/v1", f"/apis/{certmanager.ACME}/v1"
_VELERO, _VELERO_DATA = "/apis/velero.io/v1", "/apis/velero.io/v2alpha1"

# Metadata alone, and nothing else in its place: of Secrets and ConfigMaps the data would be sent.
_NAMES = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

RESOURCES: dict[str, Resource] = {
    "pods": Resource(_CORE, "pods", Pod),
    "services": Resource(_CORE, "services", network.Service),
    "persistentvolumeclaims": Resource(_CORE, "persistentvolumeclaims", storage.VolumeClaim),
    "persistentvolumes": Resource(_CORE, "persistentvolumes", storage.PersistentVolume, namespaced=False),
    "nodes": Resource(_CORE, "nodes", nodes.Node, namespaced=False),
    "namespaces": Resource(_CORE, "namespaces", cluster.Namespace, namespaced=False),
    "secrets": Resource(_CORE, "secrets", cluster.NameAndAge, media=_NAMES),
    "configmaps": Resource(_CORE, "configmaps", cluster.NameAndAge, media=_NAMES),
    "resourcequotas": Resource(_CORE, "resourcequotas", quotas.ResourceQuota, media=JSON),
    "limitranges": Resource(_CORE, "limitranges", quotas.LimitRange, media=JSON),
    "events": Resource("/apis/events.k8s.io/v1", "events", events.Event, media=JSON),
    "deployments": Resource(_APPS, "deployments", workloads.Deployment),
    "statefulsets": Resource(_APPS, "statefulsets", workloads.StatefulSet),
    "daemonsets": Resource(_APPS, "daemonsets", workloads.DaemonSet),
    "replicasets": Resource(_APPS, "replicasets", workloads.ReplicaSet),
    "jobs": Resource(_BATCH, "jobs", workloads.Job),
    "cronjobs": Resource(_BATCH, "cronjobs", workloads.CronJob),
    "horizontalpodautoscalers": Resource(_SCALING, "horizontalpodautoscalers", scaling.Autoscaler),
    "poddisruptionbudgets": Resource("/apis/policy/v1", "poddisruptionbudgets", scaling.DisruptionBudget),
    "ingresses": Resource(_NETWORKING, "ingresses", network.Ingress),
    "ingressclasses": Resource(_NETWORKING, "ingressclasses", network.IngressClass, namespaced=False),
    "networkpolicies": Resource(_NETWORKING, "networkpolicies", network.NetworkPolicy),
    "endpointslices": Resource("/apis/discovery.k8s.io/v1", "endpointslices", network.EndpointSlice),
    "storageclasses": Resource(_STORAGE, "storageclasses", storage.StorageClass, namespaced=False),
    "priorityclasses": Resource(_SCHEDULING, "priorityclasses", priorities.PriorityClass, namespaced=False),
    "leases": Resource("/apis/coordination.k8s.io/v1", "leases", nodes.Lease),
    "apiservices": Resource(_REGISTRATION, "apiservices", cluster.ApiService, namespaced=False),
    "prometheusrules": Resource(_MONITORING, "prometheusrules", cluster.PrometheusRule, media=JSON),
    "scaledobjects": Resource(_KEDA, "scaledobjects", autoscaling.ScaledObject, media=JSON),
    "nodepools": Resource(_KARPENTER, "nodepools", autoscaling.NodePool, namespaced=False, media=JSON),
    "nodeclaims": Resource(_KARPENTER, "nodeclaims", autoscaling.NodeClaim, namespaced=False, media=JSON),
    "certificates": Resource(_CERTS, "certificates", certmanager.IssuedCertificate, media=JSON),
    "certificaterequests": Resource(
        _CERTS, "certificaterequests", certmanager.CertificateRequest, media=JSON
    ),
    "orders": Resource(_ACME, "orders", certmanager.Order, media=JSON),
    "challenges": Resource(_ACME, "challenges", certmanager.Challenge, media=JSON),
    "helm-releases": Resource(_CORE, "secrets", helm.ReleaseRecord, media=_NAMES),
    "backups.velero.io": Resource(_VELERO, "backups", velero.Backup, media=JSON),
    "schedules.velero.io": Resource(_VELERO, "schedules", velero.Schedule, media=JSON),
    "restores.velero.io": Resource(_VELERO, "restores", velero.Restore, media=JSON),
    "backupstoragelocations": Resource(_VELERO, "backupstoragelocations", velero.StorageLocation, media=JSON),
    "podvolumebackups": Resource(_VELERO, "podvolumebackups", velero.VolumeOfPod, media=JSON),
    "datauploads": Resource(_VELERO_DATA, "datauploads", velero.DataUpload, media=JSON),
    "nodes.metrics.k8s.io": Resource(_METRICS, "nodes", nodes.NodeUsage, namespaced=False, media=JSON),
    "pods.metrics.k8s.io": Resource(_METRICS, "pods", nodes.PodUsage, media=JSON),
}


class _OfResource(Ask, frozen=True, kw_only=True):
    """`resource` is a key of RESOURCES; the facts are a list of its fact."""

    resource: str
    namespace: str = ""

    @property
    def answer(self) -> Any:
        return GenericAlias(list, (RESOURCES[self.resource].fact,))

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("list", RESOURCES[self.resource].name, self.namespace),)


class ListOf(_OfResource, frozen=True, kw_only=True, tag="kubernetes/list"):
    """Every object of a resource in a namespace; "" is the whole cluster."""

    exact: ClassVar[bool] = True


class ObjectNamed(_OfResource, frozen=True, kw_only=True, tag="kubernetes/object"):
    """One object: a list of one, or an empty list when it does not exist. None of which only metadata may be asked."""

    name: str

    @property
    def needs(self) -> tuple[Need, ...]:
        # The API server takes a namespace itself for a thing that lies in it.
        scope = self.name if self.resource == "namespaces" else self.namespace
        return (Need("get", RESOURCES[self.resource].name, scope, self.name),)


class AutoscalerStatusOf(Ask, frozen=True, kw_only=True, tag="kubernetes/autoscaler-status"):
    """What the Cluster Autoscaler reports in its ConfigMap: a list of one, empty where there is no such ConfigMap."""

    namespace: str
    name: str
    answer = list[autoscaling.ReportedHealth]

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("get", "configmaps", self.namespace, self.name),)


class UsageOf(_OfResource, frozen=True, kw_only=True, tag="kubernetes/usage"):
    """`samples` lists of metrics.k8s.io, `spacing` seconds apart; equal measurements are kept once."""

    samples: int = 1
    spacing: float = 0.0


class ReadinessOf(Ask, frozen=True, kw_only=True, tag="kubernetes/readyz"):
    answer = cluster.ServerReadiness

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("get", "/readyz"),)


class VersionOf(Ask, frozen=True, kw_only=True, tag="kubernetes/version"):
    answer = cluster.ServerVersion

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("get", "/version"),)


ROLE = "kubernetes"


@dataclass(frozen=True)
class Kubernetes:
    """Source: the objects of one or more resources.

    Args:
        resources: keys of RESOURCES; several are joined to one Listing.
        namespace: where to look instead of in the environment's `namespaces`; "*" is the whole cluster.
        namespace_from: the limit that says where to look instead, where it is set.
        wanted_by: limits of which at least one must be set, else nothing is asked and the argument is None.
    """

    resources: tuple[str, ...]
    namespace: str
    wanted_by: tuple[str, ...]
    namespace_from: str

    def __init__(
        self,
        *resources: str,
        namespace: str = "",
        wanted_by: tuple[str, ...] = (),
        namespace_from: str = "",
    ) -> None:
        object.__setattr__(self, "resources", resources)
        object.__setattr__(self, "namespace", namespace)
        object.__setattr__(self, "wanted_by", wanted_by)
        object.__setattr__(self, "namespace_from", namespace_from)

    def asks(self, context: Context) -> tuple[Ask, ...]:
        if not wanted(context, self.wanted_by):
            return ()
        target = context.target(ROLE).id
        scopes = {resource: self._namespaces(resource, context) for resource in self.resources}
        asked = [
            ListOf(target=target, resource=resource, namespace=namespace)
            for resource, namespaces in scopes.items()
            for namespace in namespaces
        ]
        named = [] if self.namespace else [one for namespaces in scopes.values() for one in namespaces if one]
        return (*asked, *existence(target, named))

    def _namespaces(self, resource: str, context: Context) -> tuple[str, ...]:
        if not RESOURCES[resource].namespaced or self.namespace == "*":
            return ("",)
        given = self.namespace or str(getattr(context.limits, self.namespace_from or "", ""))
        return (given,) if given else configured(context)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return assembled(answers)


class Named(msgspec.Struct, frozen=True):
    """Source: the one object that a limit names as `namespace/name`; an empty limit asks nothing."""

    resource: str
    limit: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        namespace, _, name = str(getattr(context.limits, self.limit)).rpartition("/")
        if not name:
            return ()
        target = context.target(ROLE).id
        return (ObjectNamed(target=target, resource=self.resource, namespace=namespace, name=name),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return listing(answers, scope_of) if answers else None


class ReportedByAutoscaler(msgspec.Struct, frozen=True):
    """Source: what the Cluster Autoscaler reports; the limit names its ConfigMap as `namespace/name`."""

    limit: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        namespace, _, name = str(getattr(context.limits, self.limit)).rpartition("/")
        if not name:
            return ()
        return (AutoscalerStatusOf(target=context.target(ROLE).id, namespace=namespace, name=name),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return listing(answers, scope_of) if answers else None


class Usage(msgspec.Struct, frozen=True):
    """Source: samples of metrics.k8s.io; the limits `samples` and `spacing` say how many, how far apart."""

    resource: str
    wanted_by: tuple[str, ...] = ()

    def asks(self, context: Context) -> tuple[Ask, ...]:
        if not wanted(context, self.wanted_by):
            return ()
        target = context.target(ROLE).id
        samples = int(getattr(context.limits, "samples", 1))
        spacing = float(getattr(context.limits, "spacing", 0.0)) if samples > 1 else 0.0
        scopes = configured(context) if RESOURCES[self.resource].namespaced else ("",)
        asked = [
            UsageOf(target=target, resource=self.resource, namespace=scope, samples=samples, spacing=spacing)
            for scope in scopes
        ]
        return (*asked, *existence(target, filter(None, scopes)))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return assembled(answers)


class SecretNames(msgspec.Struct, frozen=True):
    """Source: the names of Secrets, where the target's `secret_names` allows the right; else None."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        allowed = getattr(context.target(ROLE).settings, "secret_names", False)
        return Kubernetes("secrets").asks(context) if allowed else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return assembled(answers)


class HelmReleases(msgspec.Struct, frozen=True):
    """Source: Helm's releases by the labels of Secrets, where the target's `secret_names` allows the right; else None.

    `namespace_from`: the limit that says where to look instead of in the environment's `namespaces`.
    """

    namespace_from: str = ""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        allowed = getattr(context.target(ROLE).settings, "secret_names", False)
        return (
            Kubernetes("helm-releases", namespace_from=self.namespace_from).asks(context) if allowed else ()
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return assembled(answers)


class Single(msgspec.Struct, frozen=True):
    """Source: what the API server says of itself in one answer."""

    ask: type[ReadinessOf] | type[VersionOf]

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return (self.ask(target=context.target(ROLE).id),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        return answers[0].value()


def wanted(context: Context, limits: tuple[str, ...]) -> bool:
    """Whether one of these limits is set; with none named, always."""
    values = [getattr(context.limits, name, None) for name in limits]
    return not limits or any(
        value is not None and value is not False and value not in ((), "") for value in values
    )


def configured(context: Context) -> tuple[str, ...]:
    """The environment's namespaces, each once. Raises NotConfigured: there is none."""
    names = tuple(dict.fromkeys(context.names("namespaces")))
    if not names:
        raise NotConfigured("names.namespaces is empty: name at least one namespace")
    return names


def existence(target: str, namespaces: Iterable[str]) -> tuple[ObjectNamed, ...]:
    """Asks for the namespaces themselves."""
    return tuple(
        ObjectNamed(target=target, resource="namespaces", name=one) for one in dict.fromkeys(namespaces)
    )


def assembled(answers: Sequence[Answer[Any]]) -> Listing[Any] | None:
    """The Listing of an argument's lists, by the proofs of its namespaces; None when nothing was asked."""
    proofs = {one.ask.name: one for one in answers if isinstance(one.ask, ObjectNamed)}
    lists = [one for one in answers if not isinstance(one.ask, ObjectNamed)]
    return proven(lists, proofs, scope_of) if lists else None


def scope_of(ask: Ask) -> Scope:
    """The namespace that an ask looked at, or the whole cluster."""
    return in_namespace(ask.namespace) if isinstance(ask, _OfResource) else WHOLE


Pods = Annotated[Listing[Pod], Kubernetes("pods")]
Deployments = Annotated[Listing[workloads.Deployment], Kubernetes("deployments")]
StatefulSets = Annotated[Listing[workloads.StatefulSet], Kubernetes("statefulsets")]
DaemonSets = Annotated[Listing[workloads.DaemonSet], Kubernetes("daemonsets")]
ReplicaSets = Annotated[Listing[workloads.ReplicaSet], Kubernetes("replicasets")]
Workloads = Annotated[Listing[workloads.Workload], Kubernetes("deployments", "statefulsets", "daemonsets")]
Jobs = Annotated[Listing[workloads.Job], Kubernetes("jobs")]
CronJobs = Annotated[Listing[workloads.CronJob], Kubernetes("cronjobs")]
Services = Annotated[Listing[network.Service], Kubernetes("services")]
EndpointSlices = Annotated[Listing[network.EndpointSlice], Kubernetes("endpointslices")]
Ingresses = Annotated[Listing[network.Ingress], Kubernetes("ingresses")]
IngressClasses = Annotated[Listing[network.IngressClass], Kubernetes("ingressclasses")]
NetworkPolicies = Annotated[Listing[network.NetworkPolicy], Kubernetes("networkpolicies")]
Namespaces = Annotated[Listing[cluster.Namespace], Kubernetes("namespaces")]
VolumeClaims = Annotated[Listing[storage.VolumeClaim], Kubernetes("persistentvolumeclaims")]
PersistentVolumes = Annotated[Listing[storage.PersistentVolume], Kubernetes("persistentvolumes")]
StorageClasses = Annotated[Listing[storage.StorageClass], Kubernetes("storageclasses")]
Autoscalers = Annotated[Listing[scaling.Autoscaler], Kubernetes("horizontalpodautoscalers")]
DisruptionBudgets = Annotated[Listing[scaling.DisruptionBudget], Kubernetes("poddisruptionbudgets")]
ScaledObjects = Annotated[Listing[autoscaling.ScaledObject], Kubernetes("scaledobjects")]
Events = Annotated[Listing[events.Event], Kubernetes("events")]
ResourceQuotas = Annotated[Listing[quotas.ResourceQuota], Kubernetes("resourcequotas")]
LimitRanges = Annotated[Listing[quotas.LimitRange], Kubernetes("limitranges")]
ConfigMapNames = Annotated[Listing[cluster.NameAndAge], Kubernetes("configmaps")]
Nodes = Annotated[Listing[nodes.Node], Kubernetes("nodes")]
NodeLeases = Annotated[Listing[nodes.Lease], Kubernetes("leases", namespace="kube-node-lease")]
ApiServices = Annotated[Listing[cluster.ApiService], Kubernetes("apiservices")]
PrometheusRules = Annotated[Listing[cluster.PrometheusRule], Kubernetes("prometheusrules")]
NodeUsages = Annotated[Listing[nodes.NodeUsage], Usage("nodes.metrics.k8s.io")]
PodUsages = Annotated[Listing[nodes.PodUsage], Usage("pods.metrics.k8s.io")]
Readiness = Annotated[cluster.ServerReadiness, Single(ReadinessOf)]
Version = Annotated[cluster.ServerVersion, Single(VersionOf)]
