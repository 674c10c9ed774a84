"""The testbed's exporter: one HTTP process that stands for every scraped application.

`/metrics/<target>` renders that target of the world file, which is read again whenever it changes.
`/targets/<job>` lists a job's targets for Prometheus; pods that the cluster has gained are among them.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import urllib3

from tests.testbed import kubernetes_api, place, process
from tests.testbed.services import mailbox
from tests.testbed.services.world import Series, Target, World

NAME = "exporter"
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
REPOSITORY = Path(__file__).parents[3]


def world_file() -> Path:
    return place.state() / "exporter" / "world.json"


def show(world: World) -> None:
    """Make the running exporter speak of this world from the next scrape on."""
    world_file().parent.mkdir(parents=True, exist_ok=True)
    world.write(world_file())


def up() -> None:
    """Start the exporter on the world file, which must have been written."""
    process.start(
        NAME, [sys.executable, "-m", "tests.testbed.services.exporter", world_file()], cwd=REPOSITORY
    )
    process.await_that("exporter", lambda: process.answers("exporter", "/healthy"))


def down() -> None:
    process.stop(NAME)


def number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(round(value, 6))


def labels_text(labels: dict[str, str]) -> str:
    quoted = (f'{key}="{escape(value)}"' for key, value in labels.items())
    return "{" + ",".join(quoted) + "}" if labels else ""


def escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def exposition(series: list[Series], moment: float) -> Iterator[str]:
    """The text exposition format: families in one block each, with their type."""
    typed: set[str] = set()
    for one in sorted(series, key=lambda each: each.name):
        value = one.at(moment)
        if value is None:
            continue
        if one.name not in typed:
            typed.add(one.name)
            yield f"# TYPE {one.name} {type_of(one)}\n"
        yield f"{one.name}{labels_text(one.labels)} {number(value)}\n"


def type_of(series: Series) -> str:
    histogram_part = series.name.endswith(("_bucket", "_sum", "_count"))
    return "untyped" if histogram_part else "counter" if series.name.endswith("_total") else "gauge"


def known_pods() -> dict[str, list[str]]:
    """Running pods by `namespace/app` as the cluster has them; nothing if it is not up."""
    found: dict[str, list[str]] = {}
    if process.running("kube-apiserver") is None:
        return found
    for pod in kubernetes_api.admin().list("Pod"):
        meta = pod["metadata"]
        if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in meta:
            key = f"{meta['namespace']}/{meta.get('labels', {}).get('app')}"
            found.setdefault(key, []).append(meta["name"])
    return {key: sorted(names) for key, names in found.items()}


class Exporter(ThreadingHTTPServer):
    """Holds the world that its handlers render."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, file: Path) -> None:
        super().__init__((place.HOST, port), Handler)
        self._file = file
        self._read_at = 0
        self._world = World(now=0.0)
        self._by_target: dict[str, list[Series]] = {}
        self._asking = threading.Lock()
        self._asked_at = -1.0
        self._pods: dict[str, list[str]] = {}

    def pods(self) -> dict[str, list[str]]:
        """Running pods by `namespace/app`, two seconds old at most; as last known if the cluster is away."""
        with self._asking:
            if time.monotonic() - self._asked_at > 2:
                try:
                    self._pods = known_pods()
                except (kubernetes_api.ApiError, urllib3.exceptions.HTTPError):
                    pass
                self._asked_at = time.monotonic()
            return self._pods

    def target(self, key: str) -> tuple[Target, list[Series]] | None:
        """A target and its series; a pod that came after the world was made looks like its siblings."""
        world, by_target = self.world()
        siblings = [one for one in by_target if one.rpartition("/")[0] == key.rpartition("/")[0]]
        found = key if key in by_target else next(iter(siblings), None)
        return None if found is None else (world.target(found), by_target[found])

    def world(self) -> tuple[World, dict[str, list[Series]]]:
        changed = self._file.stat().st_mtime_ns
        if changed != self._read_at:
            self._world = World.read(self._file)
            self._by_target = {target.key: [] for target in self._world.targets}
            for series in self._world.series:
                self._by_target[series.target].append(series)
            self._read_at = changed
        return self._world, self._by_target


def target_groups(world: World, job: str, pods: dict[str, list[str]]) -> list[dict[str, object]]:
    """Prometheus's HTTP discovery format: the world's targets of a job, its pods as they run now."""
    groups: dict[str, dict[str, object]] = {}
    for target in world.targets:
        if target.labels["job"] != job:
            continue
        names = pods.get(f"{target.labels.get('namespace')}/{target.labels.get('workload')}")
        for one in [target] if names is None else (sibling(target, pod) for pod in names):
            if one.labels.get("pod") not in world.without_pods:
                groups[one.key] = _group(one)
    return list(groups.values())


def sibling(target: Target, pod: str) -> Target:
    """The target that another pod of the same workload is."""
    instance = f"{pod}:{target.labels['instance'].rpartition(':')[2]}"
    labels = {**target.labels, "pod": pod, "instance": instance}
    return replace(target, key=f"{target.key.rpartition('/')[0]}/{pod}", labels=labels)


def _group(target: Target) -> dict[str, object]:
    path = f"/metrics/{target.key}" if target.server == "exporter" else "/metrics"
    labels = {key: value for key, value in target.labels.items() if key != "job"}
    address = f"{place.HOST}:{place.PORTS[target.server]}"
    return {"targets": [address], "labels": {"__metrics_path__": path, **labels}}


class Handler(BaseHTTPRequestHandler):
    """GET /healthy and GET /metrics/<target>."""

    protocol_version = "HTTP/1.1"
    server: Exporter

    def do_GET(self) -> None:
        if self.path == "/healthy":
            self.answer(200, "ok\n")
        elif self.path.startswith("/targets/"):
            world, _ = self.server.world()
            groups = target_groups(world, self.path.removeprefix("/targets/"), self.server.pods())
            self.answer(200, json.dumps(groups), type="application/json")
        else:
            self.metrics(unquote(self.path.split("?")[0].removeprefix("/metrics/")))

    def do_POST(self) -> None:
        """Slack's and PagerDuty's side of a delivery."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/pagerduty"):
            self.answer(202, '{"status": "success"}', type="application/json")
        else:
            self.answer(200, "ok")

    def metrics(self, key: str) -> None:
        found = self.server.target(key)
        if found is None:
            self.answer(404, f"no target {key}\n")
        elif found[0].down_since is not None:
            self.answer(503, "the application does not answer\n")
        else:
            self.answer(200, "".join(exposition(found[1], time.time())))

    def answer(
        self, status: int, text: str, *, type: str = "text/plain; version=0.0.4; charset=utf-8"
    ) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Five-second scrapes of fifty targets are not worth a log."""


if __name__ == "__main__":
    mailbox.serve()
    Exporter(place.PORTS["exporter"], Path(sys.argv[1])).serve_forever()
