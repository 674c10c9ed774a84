"""Stand-ins for two programs that need a cloud, or another system, behind them; one process.

`external.metrics.k8s.io` as an adapter serves it: a small value of each metric that it knows. And the report of the
Cluster Autoscaler, written every few seconds as the real one does, unless the ConfigMap says that it is written by
hand.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import urllib3

from tests.testbed import place
from tests.testbed.kubernetes_api import Api, ApiError, Object
from tests.testbed.kubernetes_objects import NOTE, thing
from tests.testbed.pki import Authority

GROUP = "/apis/external.metrics.k8s.io/v1beta1"
VALUES = {
    "http_requests_per_second": "40",
    "http_request_duration_p95_milliseconds": "180",
    "job_queue_depth": "14",
    "job_processing_time_p95_milliseconds": "9",
}
REPORT = "cluster-autoscaler-status"
BY_HAND = f"{NOTE}/by-hand"
OFF = "no-cluster-autoscaler"  # a ConfigMap of this name beside the report's: nobody reports
_EVERY = 5.0


def report(*, health: str = "Healthy", age: float = 0.0, backing_off: bool = False) -> str:
    """What the Cluster Autoscaler writes since Kubernetes 1.30."""
    written = datetime.now(timezone.utc) - timedelta(seconds=age)
    moment = f"{written:%Y-%m-%d %H:%M:%S.%f}000 +0000 UTC"
    growing = "Backoff" if backing_off else "NoActivity"
    counts = {"registered": {"total": 4, "ready": 4, "notStarted": 0}}
    found = {
        "time": moment,
        "autoscalerStatus": "Running",
        "clusterWide": {
            "health": {"status": health, "nodeCounts": counts, "lastProbeTime": moment},
            "scaleUp": {"status": growing, "lastProbeTime": moment},
        },
        "nodeGroups": [{"name": "workers", "health": {"status": health}, "scaleUp": {"status": growing}}],
    }
    return json.dumps(found, indent=1)  # which is YAML, too


def write_report(api: Api, text: str, **labels: str) -> None:
    api.apply(thing("v1", "ConfigMap", REPORT, "kube-system", labels=labels, data={"status": text}))


def keep_reporting(api: Api) -> None:
    """For as long as the process lives; the API server may be away for a while."""
    while True:
        try:
            if _reports(api):
                write_report(api, report())
        except (ApiError, urllib3.exceptions.HTTPError):
            pass
        time.sleep(_EVERY)


def _reports(api: Api) -> bool:
    if api.find("ConfigMap", OFF, "kube-system") is not None:
        return False
    found = api.find("ConfigMap", REPORT, "kube-system")
    return found is None or BY_HAND not in found["metadata"].get("labels", {})


class Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        path = path.rstrip("/")
        answer = _answer(path, "".join(parse_qs(query).get("labelSelector", [])))
        body = json.dumps(answer or _missing(path)).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        return


def _answer(path: str, selector: str) -> Mapping[str, Any] | None:
    version = GROUP.removeprefix("/apis/")
    if path == GROUP:
        kinds = [
            {"name": name, "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
            for name in VALUES
        ]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": kinds}
    name = path.rpartition("/")[2]
    if not path.startswith(f"{GROUP}/namespaces/") or name not in VALUES:
        return None
    if selector:  # no series has labels
        return {"kind": "ExternalMetricValueList", "apiVersion": version, "metadata": {}, "items": []}
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    value = {"metricName": name, "metricLabels": {}, "timestamp": now, "value": VALUES[name]}
    return {"kind": "ExternalMetricValueList", "apiVersion": version, "metadata": {}, "items": [value]}


def _missing(path: str) -> Object:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": "NotFound",
        "message": f"nothing at {path}",
        "code": 404,
    }


def _as_server() -> Api:
    """As one of the cluster's own, which the audit log leaves out."""
    authority = Authority.at(place.state() / "pki")
    pair = authority.client("testbed:stand-ins", ["system:masters", "testbed:servers"])
    return Api(pair, authority.cert)


def main() -> None:
    pair = Authority.at(place.state() / "pki").server("external-metrics", [place.HOST, "localhost"])
    server = ThreadingHTTPServer((place.HOST, place.PORTS["external-metrics"]), Metrics)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=keep_reporting, args=(_as_server(),), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
