"""The official client's models, page by page: what most Python tools do.

usage: python models.py KUBECONFIG NAMESPACE
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from kubernetes import client, config


def main(kubeconfig: str, namespace: str) -> None:
    began = time.monotonic(), time.process_time()
    load: Any = config.load_kube_config
    load(kubeconfig)
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    lists: list[tuple[Any, tuple[str, ...]]] = [
        (core.list_node, ()),
        (core.list_namespaced_pod, (namespace,)),
        (core.list_namespaced_service, (namespace,)),
        (core.list_namespaced_persistent_volume_claim, (namespace,)),
        (apps.list_namespaced_deployment, (namespace,)),
        (apps.list_namespaced_replica_set, (namespace,)),
        (client.DiscoveryV1Api().list_namespaced_endpoint_slice, (namespace,)),
        (client.PolicyV1Api().list_namespaced_pod_disruption_budget, (namespace,)),
        (client.NetworkingV1Api().list_namespaced_network_policy, (namespace,)),
        (client.NetworkingV1Api().list_namespaced_ingress, (namespace,)),
        (client.AutoscalingV2Api().list_namespaced_horizontal_pod_autoscaler, (namespace,)),
    ]
    found = sum(len(_all(read, words)) for read, words in lists)
    work = {"wall": time.monotonic() - began[0], "cpu": time.process_time() - began[1]}
    Path(os.environ["OPSPROOF_BENCH_STAGES"]).write_text(json.dumps({"work": work, "objects": found}))


def _all(read: Any, words: tuple[str, ...]) -> list[Any]:
    items: list[Any] = []
    token = ""
    while True:
        page = read(*words, limit=500, _continue=token)
        items += page.items
        token = page.metadata._continue
        if not token:
            return items


if __name__ == "__main__":
    main(*sys.argv[1:])
