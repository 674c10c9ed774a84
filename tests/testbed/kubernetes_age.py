"""Make conditions and objects older than they are: nobody waits an hour for what has lasted an hour.

The cause stays real and so does the condition that the controllers write of it; only the moment since
which it holds moves back. Controllers keep that moment for as long as the condition does not change.
"""

from __future__ import annotations

import base64
import http.client
import json
from datetime import datetime, timezone
from typing import Any

from tests.testbed import kubernetes_undo as undo
from tests.testbed import place
from tests.testbed.kubernetes_api import ApiError, Object, admin
from tests.testbed.process import TestbedError, await_that

HOUR = 3600.0
_MOMENTS = ("lastTransitionTime", "lastUpdateTime")
# What etcd calls the kinds whose key is not their plural.
_KEYS = {"Ingress": "ingress", "Service": "services/specs", "Node": "minions"}


def lasting(kind: str, namespace: str, name: str, *conditions: str, seconds: float = HOUR) -> None:
    """Let these conditions of an object (none named: all) hold for so much longer."""
    api = admin()

    def moved() -> bool:
        found = api.get(kind, name, namespace or None)
        status = {"conditions": [_older(each, conditions, seconds) for each in found["status"]["conditions"]]}
        version = found["metadata"]["resourceVersion"]
        body = {"metadata": {"resourceVersion": version}, "status": status}
        try:
            api.patch(kind, name, body, namespace or None, part="status")
        except ApiError as error:
            if error.status != 409:
                raise
            return False
        return True

    await_that(f"{kind} {namespace}/{name} is older", moved, within=undo.SOON)


def unready(namespace: str, *pods: str, seconds: float = HOUR) -> None:
    """Pods that are not ready have been so for this long, and had been started long before."""
    api = admin()
    for pod in pods:
        started = api.get("Pod", pod, namespace)["status"]["startTime"]
        before = {"status": {"startTime": earlier(started, 2 * seconds)}}
        api.patch("Pod", pod, before, namespace, part="status")
        lasting("Pod", namespace, pod, "Ready", "ContainersReady", seconds=seconds)


def unavailable(namespace: str, name: str, *pods: str, seconds: float = HOUR) -> None:
    """The same with the Deployment of the pods: its Available=False is as old as they are."""
    api = admin()
    undo.await_condition(
        api, "Deployment", namespace, name, lambda now: undo.reason_of(now, "Available")[0] == "False"
    )
    unready(namespace, *pods, seconds=seconds)
    lasting("Deployment", namespace, name, "Available", seconds=seconds)


def started_earlier(namespace: str, pod: str, *, seconds: float = HOUR) -> None:
    """The containers of a pod have run for so much longer."""
    api = admin()
    statuses = api.get("Pod", pod, namespace)["status"]["containerStatuses"]
    for each in statuses:
        each["state"]["running"]["startedAt"] = earlier(each["state"]["running"]["startedAt"], seconds)
    api.patch("Pod", pod, {"status": {"containerStatuses": statuses}}, namespace, part="status")


def cordoned_earlier(node: str, *, seconds: float = HOUR) -> None:
    """The taint of a cordoned node, which its controller adds in a moment, is so much older."""
    api = admin()

    def moved() -> bool:
        taints = api.get("Node", node)["spec"].get("taints") or []
        ours = [
            each
            for each in taints
            if each["key"] == "node.kubernetes.io/unschedulable" and each.get("timeAdded")
        ]
        for each in ours:
            each["timeAdded"] = earlier(each["timeAdded"], seconds)
        api.patch("Node", node, {"spec": {"taints": taints}})
        return bool(ours)

    await_that(f"node {node} has been cordoned for longer", moved, within=undo.SOON)


def made_earlier(kind: str, namespace: str, name: str, *, seconds: float = HOUR) -> None:
    """Move an object's creation back. Only etcd can: the API server sets it, and keeps it."""
    path = _KEYS.get(kind, f"{kind.lower()}s")
    key = "/".join(part for part in ("/registry", path, namespace, name) if part)
    api = admin()
    created = _parse(api.get(kind, name, namespace or None)["metadata"]["creationTimestamp"])

    def moved() -> bool:
        stored = _etcd("range", key=_text(key.encode()))["kvs"][0]
        value = base64.b64decode(stored["value"])
        older = value.replace(_moment(created), _moment(created - seconds))
        if older == value:
            raise TestbedError(f"{key}: no creation time found")
        unchanged = {"key": stored["key"], "target": "MOD", "mod_revision": stored["mod_revision"]}
        put = {"request_put": {"key": stored["key"], "value": _text(older)}}
        return bool(_etcd("txn", compare=[unchanged], success=[put]).get("succeeded"))

    def seen() -> bool:
        now = api.get(kind, name, namespace or None)
        return _parse(now["metadata"]["creationTimestamp"]) == created - seconds

    await_that(f"{kind} {namespace}/{name} is older", moved, within=undo.SOON)
    await_that(f"{kind} {namespace}/{name} is seen to be older", seen, within=undo.SOON)


def earlier(moment: str, seconds: float) -> str:
    """The API's text of a moment that lies so many seconds before another."""
    found = datetime.fromtimestamp(_parse(moment) - seconds, timezone.utc)
    return f"{found:%Y-%m-%dT%H:%M:%SZ}"


def _older(condition: Object, wanted: tuple[str, ...], seconds: float) -> Object:
    if wanted and condition["type"] not in wanted:
        return condition
    moved = {key: earlier(condition[key], seconds) for key in _MOMENTS if condition.get(key)}
    return {**condition, **moved}


def _parse(moment: str) -> float:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def _moment(seconds: float) -> bytes:
    """A protobuf Timestamp of whole seconds, as an object's metadata holds it: field 1, a varint."""
    rest, found = int(seconds), bytearray(b"\x08")
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def _etcd(call: str, **body: Any) -> Any:
    connection = http.client.HTTPConnection(place.HOST, place.PORTS["etcd"], timeout=10)
    try:
        connection.request("POST", f"/v3/kv/{call}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise TestbedError(f"etcd: {call}: {content}")
    return content


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
