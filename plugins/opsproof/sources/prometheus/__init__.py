"""A Prometheus, or a server that speaks its API: queries, targets, rules.

errors: Annotated[Samples, PromQL("sum(increase(${http_errors}[${window}]))")]
"""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="Prometheus",
    settings="opsproof.sources.prometheus.settings:PrometheusSettings",
    collector="opsproof.sources.prometheus.collector:PrometheusCollector",
    tags="prometheus/",
    rights="opsproof.sources.prometheus.rights:RIGHTS",
    install="opsproof",
)
