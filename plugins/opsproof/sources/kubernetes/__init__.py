"""The API server of a cluster: objects, usage, readiness.

workloads: Annotated[Listing[Workload], Kubernetes("deployments")]
"""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="Kubernetes",
    settings="opsproof.sources.kubernetes.settings:KubernetesSettings",
    collector="opsproof.sources.kubernetes.collector:KubernetesCollector",
    tags="kubernetes/",
    rights="opsproof.sources.kubernetes.rights:RIGHTS",
    install="opsproof",
)
