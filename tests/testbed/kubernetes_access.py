"""Who may do what in the cluster, and the kubeconfigs that the testbed's environments refer to.

admin does everything; opsproof holds the rights that all checks of the library need; partial the same, but nothing in
accelerapp and no pods in opsforge; stranger is known and may do nothing.
"""

from __future__ import annotations

import copy
from pathlib import Path

from tests.testbed import kubernetes_servers as servers
from tests.testbed import kubernetes_world as world
from tests.testbed import place
from tests.testbed.kubernetes_api import Api, Object

RBAC = world.MANIFESTS / "rbac"
PARTIAL_LACKS_NAMESPACE = "accelerapp"
PARTIAL_LACKS_PODS_OF = "opsforge"


def credentials() -> Path:
    return place.state() / "credentials"


def write_kubeconfigs() -> None:
    for user, groups in {"admin": ["system:masters"], "opsproof": [], "partial": [], "stranger": []}.items():
        pair = servers.authority().client(user, groups)
        servers.kubeconfig(credentials() / f"{user}.kubeconfig", user, pair)


def write_identity(api: Api) -> str:
    """The cluster's identity, a new one with every fresh start: the UID of the namespace kube-system."""
    uid = str(api.get("Namespace", "kube-system")["metadata"]["uid"])
    (credentials() / "kube-system.uid").write_text(uid)
    return uid


def objects() -> list[Object]:
    cluster = world.load(RBAC / "clusterrole.yaml")
    role = world.load(RBAC / "role.yaml")
    whole = [_within(each, namespace) for namespace in (*world.NAMESPACES, world.RESTORED) for each in role]
    part = [
        _without_pods(each) if each["metadata"]["namespace"] == PARTIAL_LACKS_PODS_OF else each
        for each in whole
        if each["metadata"]["namespace"] != PARTIAL_LACKS_NAMESPACE
    ]
    pods = world.load(RBAC / "clusterrole-pods.yaml")
    velero = world.load(RBAC / "role-velero.yaml")
    return [*cluster, *pods, *velero, *whole, *(_for_partial(each) for each in [*cluster, *velero, *part])]


def _within(thing: Object, namespace: str) -> Object:
    made = copy.deepcopy(thing)
    made["metadata"]["namespace"] = namespace
    return made


def _without_pods(thing: Object) -> Object:
    made = copy.deepcopy(thing)
    for rule in made.get("rules", []):
        rule["resources"] = [each for each in rule["resources"] if each != "pods"]
    if "rules" in made:
        made["rules"] = [rule for rule in made["rules"] if rule["resources"]]
    return made


def _for_partial(thing: Object) -> Object:
    made = copy.deepcopy(thing)
    made["metadata"]["name"] = made["metadata"]["name"].replace("opsproof", "partial", 1)
    if "roleRef" in made:
        made["roleRef"]["name"] = made["roleRef"]["name"].replace("opsproof", "partial", 1)
        made["subjects"][0]["name"] = "partial"
    return made
