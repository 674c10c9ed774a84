"""Which collector talks to which kind of target. Imported late: each brings its own libraries."""

from __future__ import annotations

from importlib import import_module

from opsproof.collectors.link import Collector
from opsproof.model.failure import NotConfigured
from opsproof.model.target import Target

COLLECTORS = {
    "kubernetes": "opsproof.collectors.kubernetes:KubernetesCollector",
    "prometheus": "opsproof.collectors.prometheus:PrometheusCollector",
    "alertmanager": "opsproof.collectors.alertmanager:AlertmanagerCollector",
    "http": "opsproof.collectors.http:HttpCollector",
    "postgres": "opsproof.collectors.postgres:PostgresCollector",
    "redis": "opsproof.collectors.redis:RedisCollector",
}


def collector(target: Target) -> Collector:
    """A new collector for the target.

    Raises:
        NotConfigured: no collector for this kind, or its optional package is not installed.
    """
    place = COLLECTORS.get(target.kind)
    if place is None:
        raise NotConfigured(f"no collector for targets of kind {target.kind!r}", target=target.id)
    module, name = place.split(":")
    made: Collector = getattr(import_module(module), name)(target)
    return made
