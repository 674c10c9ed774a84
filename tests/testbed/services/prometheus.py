"""Prometheus on a fresh data directory with the history of a world, scraping the exporter of that world."""

from __future__ import annotations

import http.client
import json
import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.testbed import place, process
from tests.testbed.services import alertmanager, exporter, rules
from tests.testbed.services.healthy import healthy
from tests.testbed.services.world import DAY, Series, Target, World

NAME = "prometheus"
CLUSTER = "testbed"
SCRAPE_SECONDS = 3
DEFAULT_STEP, RECENT_STEP, LONG_STEP = 30.0, 15.0, 300.0
HOUR = 3600.0
# Few large blocks: by default there would be one for every two hours of a month.
PROMTOOL = ("promtool", "tsdb", "create-blocks-from", "--quiet", "--max-block-duration=1458h")


def folder() -> Path:
    return place.state() / "prometheus"


def query_log() -> Path:
    """What was asked of Prometheus: one JSON object a line; rule evaluations carry `ruleGroup`."""
    return place.state() / "log" / "prometheus-queries.log"


def up() -> None:
    """Start Prometheus and its exporter with the healthy world unless they run and know today's pods."""
    world = healthy()
    if process.running(NAME) is None or process.running(exporter.NAME) is None or not _shown(world):
        restart_with(world)


def _shown(world: World) -> bool:
    shown = World.read(exporter.world_file())
    return {one.key for one in world.targets} == {one.key for one in shown.targets}


def down() -> None:
    process.stop(NAME, within=5.0)
    exporter.down()


def reset() -> None:
    restart_with(healthy())


def show(world: World) -> None:
    """Change what live scrapes see; the recorded history stays."""
    exporter.show(world)


def restart_with(world: World, *, cluster: str = CLUSTER) -> None:
    """Start anew with the history of this world; returns when live scrapes have joined it.

    `cluster` is the external label by which an environment recognises its Prometheus.
    """
    process.stop(NAME, within=0.0)
    shutil.rmtree(folder() / "data", ignore_errors=True)
    exporter.show(world)
    exporter.up()
    configure(world, cluster=cluster)
    _backfill(world)
    start()
    process.await_that("Prometheus: live scrapes", lambda: _joined(world))


def start() -> None:
    """Start Prometheus on its present data and wait until it is ready."""
    data, config = folder() / "data", folder() / "prometheus.yml"
    address = f"{place.HOST}:{place.PORTS['prometheus']}"
    process.start(
        NAME,
        [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time=45d",
            f"--web.listen-address={address}",
            f"--web.external-url=http://{address}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=2s",
            "--scrape.discovery-reload-interval=100ms",
        ],
    )
    process.await_that("Prometheus", lambda: process.answers("prometheus", "/-/ready"))


def stop() -> None:
    """End Prometheus alone: nothing answers on its port."""
    process.stop(NAME, within=5.0)


def restart() -> None:
    """End and start it with what it has recorded; returns when it scrapes, evaluates and alerts again."""
    stop()
    start()
    world = World.read(exporter.world_file())
    process.await_that("Prometheus: live scrapes", lambda: _joined(world))


def reload() -> None:
    """Have the running Prometheus read its configuration again."""
    connection = http.client.HTTPConnection(place.HOST, place.PORTS["prometheus"], timeout=10)
    try:
        connection.request("POST", "/-/reload")
        answer = connection.getresponse()
        if answer.status != 200:
            raise process.TestbedError(f"Prometheus: reload: {answer.read()[:300]!r}")
    finally:
        connection.close()


def api(path: str, **parameters: str) -> Any:
    """`data` of an answer of the HTTP API, as `api("query", query="up")`."""
    status, body = process.get("prometheus", f"/api/v1/{path}?{urlencode(parameters)}")
    answer = json.loads(body)
    if status != 200 or answer["status"] != "success":
        raise process.TestbedError(f"Prometheus: {path}: {status} {answer.get('error')}")
    return answer["data"]


def configure(world: World, *, cluster: str = CLUSTER) -> None:
    """Write prometheus.yml and the rule files of a world."""
    rule_folder = folder() / "rules"
    shutil.rmtree(rule_folder, ignore_errors=True)
    rule_folder.mkdir(parents=True)
    query_log().parent.mkdir(parents=True, exist_ok=True)
    for name, document in rules.files(world).items():
        (rule_folder / name).write_text(yaml.safe_dump(document, sort_keys=False, width=1000))
    alertmanager = f"{place.HOST}:{place.PORTS['alertmanager']}"
    document = {
        "global": {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{SCRAPE_SECONDS}s",
            "external_labels": {"cluster": cluster},
            "query_log_file": str(query_log()),
        },
        "rule_files": [str(rule_folder / "*.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": list(_scrape_configs(world)),
    }
    (folder() / "prometheus.yml").write_text(yaml.safe_dump(document, sort_keys=False))


def _scrape_configs(world: World) -> Iterator[dict[str, object]]:
    """The exporter lists each job's targets: it follows the cluster's pods, so that new ones are scraped."""
    listing = f"http://{place.HOST}:{place.PORTS['exporter']}/targets"
    honoring = {target.labels["job"] for target in world.targets if target.honor_labels}
    for job in dict.fromkeys(target.labels["job"] for target in world.targets):
        discovery = {"url": f"{listing}/{job}", "refresh_interval": "2s"}
        yield {"job_name": job, "honor_labels": job in honoring, "http_sd_configs": [discovery]}


def _joined(world: World) -> bool:
    """Every target was scraped, every rule evaluated, and the Watchdog has arrived at Alertmanager."""
    active = api("targets", state="active")["activeTargets"]
    known = {
        (one["labels"]["job"], one["labels"]["instance"]) for one in active if one["health"] != "unknown"
    }
    pods = exporter.known_pods()
    wanted = {(one.labels["job"], one.labels["instance"]) for one in world.targets if _still_runs(one, pods)}
    return wanted <= known and _evaluated() and _watched(world)


def _still_runs(target: Target, pods: dict[str, list[str]]) -> bool:
    """False for a pod that has gone since the world was made."""
    running = pods.get(f"{target.labels.get('namespace')}/{target.labels.get('workload')}")
    return running is None or target.labels["pod"] in running


def _evaluated() -> bool:
    found = [rule for group in api("rules")["groups"] for rule in group["rules"]]
    return all(rule["health"] != "unknown" for rule in found)


def _watched(world: World) -> bool:
    if process.running(alertmanager.NAME) is None or "Watchdog" not in rules.loaded(world):
        return True
    return any(alert["labels"]["alertname"] == "Watchdog" for alert in alertmanager.alerts())


def _backfill(world: World) -> None:
    data = folder() / "data"
    data.mkdir(parents=True)
    now = time.time()
    # Blocks end just before the first scrape: Prometheus refuses samples older than its newest block.
    recent = _moments(now - 3 * HOUR, now - HOUR / 2, DEFAULT_STEP)
    recent += _moments(now - HOUR / 2, now, RECENT_STEP)
    older = _moments(now - 31 * DAY, now - 3 * HOUR, LONG_STEP)
    sparse = _hourly(now - 31 * DAY, now - 3 * HOUR)
    recorded = [*world.series, *_synthetic(world)]
    past = [(one, older) for one in recorded if one.long]
    past += [(one, [at for at in sparse if at > now - one.days * DAY]) for one in recorded if one.days]
    _create_blocks(world, past, data, "older")
    _create_blocks(world, [(one, recent) for one in recorded if not one.live], data, "recent")


def _moments(begin: float, end: float, step: float) -> list[float]:
    return [begin + step * index for index in range(int((end - begin) / step))]


def _hourly(begin: float, end: float) -> list[float]:
    """Two moments before each full hour: what subqueries, which look at full hours, need for a rate."""
    hours = range(math.ceil(begin / HOUR) + 1, math.floor(end / HOUR) + 1)
    return [hour * HOUR - before for hour in hours for before in (240.0, 60.0)]


def _synthetic(world: World) -> Iterator[Series]:
    """What Prometheus itself would have written: `up` of each target, its own counters at rest."""
    for target in world.targets:
        fell = [] if target.down_since is None else [(target.down_since, 0.0)]
        yield Series(target.key, "up", {}, "gauge", [(world.beginning, 1.0), *fell], target.gaps)
    own = next((target.key for target in world.targets if target.labels["job"] == "prometheus"), None)
    if own is None:
        return
    if "Watchdog" in rules.loaded(world):
        always = {"alertname": "Watchdog", "alertstate": "firing", "severity": "none"}
        yield Series(own, "ALERTS", always, "gauge", [(world.beginning, 1.0)], long=True)
    for metric, labels in _own_counters(world):
        yield Series(own, metric, labels, "gauge", [(world.beginning, 0.0)])


def _own_counters(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    alertmanager_url = f"http://{place.HOST}:{place.PORTS['alertmanager']}/api/v2/alerts"
    yield "prometheus_notifications_dropped_total", {}
    yield "prometheus_notifications_errors_total", {"alertmanager": alertmanager_url}
    for name, document in rules.files(world).items():
        listed = document["groups"]
        assert isinstance(listed, list)
        for group in listed:
            where = f"{folder() / 'rules' / name};{group['name']}"
            yield "prometheus_rule_evaluation_failures_total", {"rule_group": where}


def _create_blocks(world: World, recorded: list[tuple[Series, list[float]]], data: Path, name: str) -> None:
    text = folder() / f"{name}.txt"
    with text.open("w") as file:
        for one, moments in recorded:
            labels = exporter.labels_text(world.labels_of(one))
            for moment, value in one.over(moments):
                file.write(f"{one.name}{labels} {exporter.number(value)} {moment:.3f}\n")
        file.write("# EOF\n")
    made = subprocess.run(
        [*PROMTOOL, "openmetrics", text, data],
        capture_output=True,
        text=True,
    )
    text.unlink()
    if made.returncode:
        raise process.TestbedError(f"promtool: {made.stderr.strip()[-500:]}")
