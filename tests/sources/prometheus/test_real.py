"""A Prometheus of its own: what it answers to the questions about selectors, and to wrong queries."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer
from opsproof.sources.prometheus.collector import PrometheusCollector
from opsproof.sources.prometheus.facts import Query
from opsproof.sources.prometheus.growth import REPLICAS, growth
from opsproof.sources.prometheus.known import AskKnown
from opsproof.testing.links import RecordingLink, target_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus"),
]
ID = "prometheus:test"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    _record(folder)
    (folder / "prometheus.yml").write_text("global: {external_labels: {cluster: own}}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    server = subprocess.Popen(
        ["prometheus", *arguments, f"--web.listen-address={listen}", "--log.level=error"], cwd=folder
    )
    try:
        _await_ready(listen)
        yield listen
    finally:
        server.terminate()
        server.wait(60)


def _record(folder: Path) -> None:
    """Requests of half an hour, by two servers of a pair; errors were born with forty a minute ago."""
    now = time.time()
    lines = []
    for replica in ("a", "b"):
        for back in range(1800, -1, -15):
            labels = f'job="api",status="200",replica="{replica}"'
            lines.append(f"http_requests_total{{{labels}}} {(1800 - back) / 15 * 2} {now - back:.3f}\n")
    for back in range(60, -1, -15):
        lines.append(f'http_requests_total{{job="api",status="500",replica="a"}} 40 {now - back:.3f}\n')
    text = folder / "series.txt"
    text.write_text("".join(sorted(lines, key=lambda line: line.split("{")[1].split("}")[0])) + "# EOF\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "--quiet", "openmetrics", text, folder / "data"],
        check=True,
    )


def _await_ready(listen: str) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"http://{listen}/-/ready", timeout=5):
                return
        except OSError:
            assert time.monotonic() < until, "Prometheus does not start"
            time.sleep(0.05)


def ask(one: Ask, address: str) -> Any:
    target = target_of("prometheus", url=f"http://{address}")
    collector = PrometheusCollector(target)
    try:
        return collector.collect(one, RecordingLink(target, seconds=60))
    finally:
        collector.close()


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("http_request_total", "there is no metric http_request_total; the nearest is http_requests_total"),
        ('http_requests_total{statsu="200"}', "its series have no label statsu; the nearest is status"),
        ('http_requests_total{job="apl"}', 'no value of label job fits job="apl"; the nearest is api'),
        ('{job="apl"}', 'no value of label job fits job="apl"; the nearest is api'),
    ],
)
def test_a_selector_that_never_matched_says_what_is_near(address: str, selector: str, hint: str) -> None:
    assert hint == ask(AskKnown(target=ID, selector=selector), address).hint


def test_a_selector_that_matched_has_its_labels(address: str) -> None:
    found = ask(AskKnown(target=ID, selector='http_requests_total{status="500"}'), address)
    assert ("__name__", "job", "replica", "status") == found.labels


def test_errors_count_with_what_they_were_born_with_and_a_pair_once(address: str) -> None:
    def grown(matchers: str) -> float:
        text = growth(f"http_requests_total{{{matchers}}}")
        query = text.replace("${window}", "300s").replace("${replicas}", ", ".join(REPLICAS))
        value = ask(Query(target=ID, query=query), address).single()
        assert isinstance(value, float)
        return value

    assert 40 == grown('status="500"')
    assert 38 <= grown('status="200"') <= 42


def test_a_refused_query_has_prometheus_own_words(address: str) -> None:
    with pytest.raises(BadAnswer, match=r"bad_data.*unclosed left parenthesis.*the query is sum\("):
        ask(Query(target=ID, query="sum("), address)
    with pytest.raises(BadAnswer, match="gives a scalar, needed is a vector"):
        ask(Query(target=ID, query="42"), address)
