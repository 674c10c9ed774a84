"""What a key of a row means: what its limits' docstring says of it, else what it means everywhere."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

from opsproof.model.limits import Limits

_HEADED = re.compile(r"((?:`\w+`(?:, | and )?)+): (.*?)(?=\s`\w+`(?:, `| and `|: )|$)")
_CLAUSE = re.compile(r"(?<=[.;])\s+")
_EVERYWHERE = {
    "age": "how old a measurement may be",
    "aggregate": "judge the sum of a workload's containers, not each of them",
    "apiservices": "APIs of the cluster that must be available",
    "at_maximum": "the level of an autoscaler that stands at its maximum",
    "body": "what the answer has to be",
    "behind": "how many bytes a replica may have yet to get",
    "component": "which server is meant",
    "consumers": "how many clients have to take jobs",
    "containers": "the containers that are meant; empty: all",
    "cordoned": "how many nodes may take no new pods",
    "coverage": "the part of the time for which there have to be samples",
    "cpu": "the CPU that may be used",
    "cpu_limit": "the CPU limit that is needed",
    "cpu_request": "the CPU request that is needed",
    "default_deny": "a pod without a policy of its own is isolated, too",
    "depth": "how many jobs may wait",
    "dependencies": "the parts of the health document that are meant; empty: all",
    "dns": "the cluster's DNS, as namespace/name of its Deployment; empty: not looked at",
    "document": "what a health document says counts",
    "endpoints": "how many ready endpoints are needed",
    "exempt": "names that are left out",
    "expects": "texts that must stand on the page",
    "exporter": "ask Prometheus for what the exporter sees, in place of the server",
    "failures": "how many of the probes may fail",
    "grace": "how long it may be so before it counts: a change under way",
    "groups": "the groups that are meant",
    "heartbeat": "how old a node's last sign of life may be",
    "highest": "the most that is allowed",
    "hosts": "host or host:port, whose certificates are looked at",
    "jobs": "the scrape jobs that are meant",
    "labels": "labels that are meant besides",
    "lag": "how long ago a replica may have been heard of",
    "latency": "how long an answer may take",
    "live": "ask the server itself, too",
    "longest": "the longest that is allowed",
    "lowest": "the least that is allowed",
    "match": "matchers of the series or targets that are meant",
    "matchers": "matchers that narrow every selector of the row",
    "max_replicas": "the maxReplicas that the autoscaler has",
    "memory": "the memory that may be used",
    "memory_limit": "the memory limit that is needed",
    "memory_request": "the memory request that is needed",
    "metric": "the metric that is asked for",
    "min_events": "with fewer events than that nothing is decided",
    "min_replicas": "the minReplicas that the autoscaler has",
    "name": "what the value is called in reports",
    "percentile": "which percentile of the requests",
    "policy": "the maxmemory-policy that is needed",
    "preset": "names and labels of a known exporter: istio, linkerd, nginx, ...",
    "probes": "how many times it is tried",
    "query": "PromQL that gives the value, without a comparison",
    "recorded": "ask Prometheus for what it recorded",
    "refuses": "texts that must not stand on the page",
    "rejected": "how many clients may be refused",
    "replicas": "how many pods are needed",
    "requested": "how much of what a node has may be requested",
    "requested_lowest": "how much of what a node has must be requested",
    "resolution": "the step in which the time is looked at",
    "restarts": "how many restarts are allowed",
    "role": "which role the server must have",
    "rules": "the rules that must be loaded",
    "samples": "how many times it is measured",
    "selector": "labels of the objects that are meant; empty: all",
    "series": "how many series the query has to give",
    "spacing": "the time between two tries",
    "stale": "how many scrape intervals may pass since the last scrape",
    "standby": "a standby may answer, too",
    "status": "the HTTP statuses that are right",
    "sustained": "how long it has to last before it counts",
    "unanswered": "what it means when the server does not answer",
    "unit": "the unit of the metric's numbers, where its name does not tell",
    "up": "the share of targets that must be up",
    "url": "the URL that is probed",
    "urls": "the URLs that are probed",
    "watchdog": "the alert that always fires",
    "window": "the time that is looked at",
    "workloads": "the workloads that are meant, as kind/name; empty: all",
    "writable": "the server must take writes, and be no standby",
}


def meanings(kind: type[Limits]) -> Mapping[str, str]:
    """A sentence or two for each field."""
    found = dict(_EVERYWHERE)
    for one in reversed(kind.__mro__):
        if issubclass(one, Limits) and one is not Limits and one.__doc__ is not None:
            found |= _said(" ".join((inspect.getdoc(one) or "").split()), list(one.model_fields))
    return found


def _said(text: str, names: list[str]) -> Mapping[str, str]:
    """Where a name heads an explanation, that; else the clauses that mention it."""
    headed = {
        name: says.rstrip(".; ")
        for group, says in _HEADED.findall(text)
        for name in re.findall(r"`(\w+)`", group)
    }
    clauses = _CLAUSE.split(text)
    mentioned = {
        name: " ".join(clause for clause in clauses if f"`{name}`" in clause).rstrip(".; ") for name in names
    }
    return {**{name: says for name, says in mentioned.items() if says}, **headed}
