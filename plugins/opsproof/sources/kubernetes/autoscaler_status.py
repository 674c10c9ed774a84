"""The status of the Cluster Autoscaler: YAML since Kubernetes 1.30, before that a text for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import yaml

from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes.facts.autoscaling import ReportedHealth

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST = 1 << 20  # characters; a ConfigMap holds no more
_WRITTEN = re.compile(
    r"Cluster-autoscaler status at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d{4})"
)
_WHOLE = re.compile(r"Cluster-wide:\s+Health:\s+(\w{1,40})")
_GROUP = re.compile(r"^  Name:\s+(\S{1,200})$", re.MULTILINE)
_BACKOFF = re.compile(r"^  ScaleUp:\s+Backoff", re.MULTILINE)
_WORD = re.compile(r"\w{1,40}")
_MOMENTS = ("%Y-%m-%d %H:%M:%S.%f %z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z")


def reported(text: str) -> ReportedHealth:
    """What the status says.

    Raises:
        BadAnswer: neither form.
    """
    if len(text) > MOST:
        raise BadAnswer("the cluster autoscaler's status is longer than a ConfigMap may be")
    return _older(text) if text.startswith("Cluster-autoscaler status at") else _newer(text)


def _newer(text: str) -> ReportedHealth:
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_LOADER)):
            raise BadAnswer("the cluster autoscaler's status refers to parts of itself, which it never does")
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise BadAnswer("the cluster autoscaler's status is no YAML") from None
    whole = _within(found, "clusterWide", "health")
    state = str(found.get("autoscalerStatus", "")) if isinstance(found, Mapping) else ""
    health = _word(whole.get("status"))
    if not health and state != "Initializing":
        raise BadAnswer("the cluster autoscaler's status tells no health of the cluster")
    return ReportedHealth(
        health, _moment(found.get("time")), running=state == "Running", backing_off=tuple(_backing_off(found))
    )


def _backing_off(found: Mapping[str, Any]) -> Iterator[str]:
    groups = found.get("nodeGroups")
    for one in groups if isinstance(groups, list) else ():
        if _word(_within(one, "scaleUp").get("status")) == "Backoff":
            yield str(one.get("name", ""))[:200]


def _older(text: str) -> ReportedHealth:
    written, whole = _WRITTEN.match(text), _WHOLE.search(text)
    if written is None or whole is None:
        raise BadAnswer("the cluster autoscaler's status has another form")
    groups = _GROUP.split(text)[1:]
    backing = [name for name, rest in zip(groups[::2], groups[1::2], strict=True) if _BACKOFF.search(rest)]
    return ReportedHealth(whole[1], _moment(" ".join(written.groups())), backing_off=tuple(backing))


def _within(found: object, *path: str) -> Mapping[str, Any]:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _word(given: object) -> str:
    return given if isinstance(given, str) and _WORD.fullmatch(given) else ""


def _moment(given: object) -> datetime | None:
    """YAML reads a moment itself, where it is written so; the autoscaler writes `2026-11-26 09:00:00.5 +0000 UTC`."""
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=timezone.utc)
    text = re.sub(r"(\.\d{6})\d+", r"\1", str(given).removesuffix(" UTC").strip().replace("Z", "+00:00"))
    for form in _MOMENTS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
