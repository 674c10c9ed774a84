"""What the healthy world's objects said when it was made: to find every difference, and to take it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed import kubernetes_world as world
from tests.testbed import place
from tests.testbed.kubernetes_api import Api, ApiError, Object, path_of
from tests.testbed.kubernetes_objects import NOTE

# Not Pods and Jobs' pods: those come and go. ReplicaSets only so that new ones are deleted.
KINDS = (
    "Namespace",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Service",
    "Ingress",
    "IngressClass",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PrometheusRule",
    "APIService",
    "ResourceQuota",
    "LimitRange",
    "ScaledObject",
    "NodePool",
    "NodeClaim",
    "Role",
    "RoleBinding",
    "ReplicaSet",
)
_NAMESPACES = frozenset((*world.NAMESPACES, world.RESTORED, world.VELERO, "kube-system", "kube-node-lease"))
_CONTENT = ("spec", "rules", "subjects", "roleRef")
_GIVEN = ("clusterIP", "clusterIPs", "taints")  # by the servers, new ones each time

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Change:
    """An object that is not what it was: `was` or `now` is None where there is none."""

    key: Key
    was: Object | None
    now: Object | None

    def __str__(self) -> str:
        kind, namespace, name = self.key
        what = "is new" if self.was is None else "is missing" if self.now is None else "was changed"
        return f"{kind} {namespace}/{name} {what}"


def _file() -> Path:
    return place.state() / "kubernetes-baseline.json"


def record(api: Api) -> None:
    """Take the world as it is for the healthy one."""
    found = {json.dumps(key): {**content(thing), "whole": thing} for key, thing in _objects(api)}
    _file().write_text(json.dumps(found))


def forget() -> None:
    _file().unlink(missing_ok=True)


def recorded() -> dict[Key, Object]:
    """Empty before the first `record`."""
    if not _file().exists():
        return {}
    kept: dict[str, Object] = json.loads(_file().read_text())
    return {_key(json.loads(key)): value for key, value in kept.items()}


def drift(api: Api) -> Iterator[Change]:
    """Every difference to the recorded world; none before it is recorded."""
    before = recorded()
    if not before:
        return
    after = dict(_objects(api))
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if key[0] == "ReplicaSet" and (now is None or was is not None or now["spec"]["replicas"]):
            continue
        if was is None or now is None or content(now) != {part: was[part] for part in was if part != "whole"}:
            yield Change(key, was["whole"] if was else None, now)


def undo(api: Api, change: Change) -> None:
    """Make the object what it was again."""
    kind, namespace, name = change.key
    if change.was is None:
        api.delete(kind, name, namespace or None)
        if kind in ("PersistentVolume", "PersistentVolumeClaim"):
            release(api, kind, name, namespace or None)
    elif change.now is None:
        api.send("POST", path_of(kind, namespace or None), fresh(change.was))
        if kind == "PersistentVolume":
            _bind_anew(api, change.was)
    else:
        _put_back(api, change.was, change.now)


def content(thing: Object) -> Object:
    """What is compared: labels, our notes and the substance, without what the servers fill in."""
    meta = thing["metadata"]
    notes = {key: value for key, value in meta.get("annotations", {}).items() if key.startswith(NOTE)}
    found: Object = {"labels": meta.get("labels", {}), "notes": notes}
    for part in _CONTENT:
        value = thing.get(part)
        found[part] = (
            {key: each for key, each in value.items() if key not in _GIVEN}
            if isinstance(value, dict)
            else value
        )
    if thing["kind"] == "Ingress":
        found["address"] = thing.get("status", {}).get("loadBalancer", {})
    if thing["kind"] == "PersistentVolume":
        found["spec"] = {**found["spec"], "claimRef": found["spec"].get("claimRef", {}).get("name")}
    return found


def fresh(thing: Object) -> Object:
    """To be created again: without what belonged to the deleted one."""
    meta = {
        key: thing["metadata"][key]
        for key in ("name", "namespace", "labels", "annotations")
        if key in thing["metadata"]
    }
    theirs = ("deployment.kubernetes.io/", "pv.kubernetes.io/")
    if "annotations" in meta:
        meta["annotations"] = {
            key: value for key, value in meta["annotations"].items() if not key.startswith(theirs)
        }
    made: Object = {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "metadata": meta}
    for part in (*_CONTENT, "data", "type"):
        if part in thing:
            made[part] = thing[part]
    if thing["kind"] == "PersistentVolume":
        made["spec"] = {**made["spec"], "claimRef": _reference(made["spec"]["claimRef"])}
    if thing["kind"] == "Job":
        made["spec"].pop("selector", None)
        made["spec"]["template"]["metadata"] = {"labels": {"app": meta["name"]}}
    return made


def _reference(claim: Object) -> Object:
    return {key: claim[key] for key in ("apiVersion", "kind", "namespace", "name")}


def _put_back(api: Api, was: Object, now: Object) -> None:
    meta = now["metadata"]
    old = was["metadata"]
    keep = {key: value for key, value in meta.get("annotations", {}).items() if not key.startswith(NOTE)}
    notes = {key: value for key, value in old.get("annotations", {}).items() if key not in keep}
    body = {**now, "metadata": {**meta, "labels": old.get("labels", {}), "annotations": {**keep, **notes}}}
    body["metadata"].pop("resourceVersion")
    body["metadata"].pop("managedFields", None)
    for part in _CONTENT:
        if part in was:
            body[part] = was[part]
    if was["kind"] == "Node":
        body["spec"] = {**was["spec"], "taints": now["spec"].get("taints", [])}
    if was["kind"] == "Service" and "clusterIP" in now["spec"]:
        body["spec"] = {**was["spec"], **{key: now["spec"][key] for key in ("clusterIP", "clusterIPs")}}
    try:
        api.replace(body)
    except ApiError as error:
        if error.status != 422:
            raise
        api.delete(was["kind"], old["name"], old.get("namespace"))
        api.send("POST", path_of(was["kind"], old.get("namespace")), fresh(was))


def release(api: Api, kind: str, name: str, namespace: str | None = None) -> None:
    """A claim and its volume hold each other while they are deleted: let go of it if it is still there."""
    try:
        api.patch(kind, name, {"metadata": {"finalizers": None}}, namespace)
    except ApiError as error:
        if error.status != 404:
            raise


def _bind_anew(api: Api, volume: Object) -> None:
    """A claim that lost its volume stays Lost: it is made again together with the volume."""
    claim = volume["spec"]["claimRef"]
    was = recorded().get(("PersistentVolumeClaim", claim["namespace"], claim["name"]))
    kind = "PersistentVolumeClaim"
    found = api.find(kind, claim["name"], claim["namespace"])
    api.delete(kind, claim["name"], claim["namespace"])
    release(api, kind, claim["name"], claim["namespace"])
    again = (was or {}).get("whole") or found
    if again:
        again = fresh({**again, "apiVersion": "v1", "kind": kind})
        api.send("POST", path_of(kind, claim["namespace"]), again)


def _objects(api: Api) -> Iterator[tuple[Key, Object]]:
    for kind in KINDS:
        for each in api.list(kind):
            meta = each["metadata"]
            made_by_others = kind not in ("ReplicaSet",) and bool(meta.get("ownerReferences"))
            if _ours(kind, meta) and not made_by_others:
                yield (kind, meta.get("namespace", ""), meta["name"]), each


def _ours(kind: str, meta: Object) -> bool:
    if kind == "APIService":
        return bool(meta["name"] == "v1beta1.metrics.k8s.io")
    if kind in ("Role", "RoleBinding"):
        return str(meta["name"]).startswith(("opsproof", "partial"))
    if kind == "Namespace":
        return meta["name"] in _NAMESPACES
    return meta.get("namespace") is None or meta["namespace"] in _NAMESPACES


def _key(parts: list[Any]) -> Key:
    kind, namespace, name = parts
    return str(kind), str(namespace), str(name)
