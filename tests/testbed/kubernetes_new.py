"""A second cluster, just made: a real API server with no node, no controller and nothing installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.testbed import kubernetes_access as access
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_servers as servers
from tests.testbed import kubernetes_world as world
from tests.testbed import place, process
from tests.testbed.kubernetes_api import admin

NAME, PORT = "kube-apiserver-new", "kubernetes-new"


@contextmanager
def new_cluster(namespace: str) -> Iterator[str]:
    """Gives its address. opsproof may look at it and at the one namespace, in which there is nothing."""
    prefix = f"/new-{os.urandom(4).hex()}"  # the same etcd, and nothing of the healthy world
    log = place.state() / "log" / "audit-new.log"
    servers.apiserver(NAME, PORT, log, f"--etcd-prefix={prefix}")
    api = admin(PORT)
    try:
        process.await_that("the new API server", lambda: api.send("GET", "/readyz") == "ok", within=180)
        process.await_that("its kube-system", lambda: api.find("Namespace", "kube-system"))
        rights = [world.load(access.RBAC / f"{name}.yaml") for name in ("clusterrole", "clusterrole-pods")]
        spaces = [make.thing("v1", "Namespace", name) for name in (namespace, world.CERT_MANAGER)]
        for thing in (*spaces, *rights[0], *rights[1]):
            api.apply(thing)
        for thing in world.load(access.RBAC / "role.yaml"):
            api.apply({**thing, "metadata": {**thing["metadata"], "namespace": namespace}})
        yield f"https://{place.HOST}:{place.PORTS[PORT]}"
    finally:
        process.stop(NAME, within=3)
