"""What the servers themselves recorded of a run: the other side of its `requests.jsonl`.

with evidence.recording() as asked:
    ...                                  # a run
assert asked.queries.count("up") == 1
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.testbed import process
from tests.testbed.services import nginx, postgres, prometheus, redis

# One statement, simple or extended protocol; its further lines begin with a tab and are joined first.
STATEMENT = re.compile(r"user=(\S*),db=(\S*),app=.*?,host=\S* LOG:  (?:statement|execute [^:]*): *(.*)")
CONNECTION = re.compile(r"LOG:  connection authorized: user=(\S+) database=(\S+)")
MONITORED = re.compile(r'^\d+\.\d+ \[\d+ ([^\]]*)\] (".*)$')
PROMETHEUS_COUNTER = re.compile(
    r'^prometheus_http_requests_total\{code="(\d+)",handler="([^"]+)"\} (\S+)', re.M
)


@dataclass
class Asked:
    """Filled when the recording ends. `prometheus` counts by path and status; statements say who and where.

    Alertmanager keeps no record of what it is asked: stand `proxy.before("alertmanager")` before it.
    """

    queries: list[str] = field(default_factory=list)
    prometheus: Counter[tuple[str, str]] = field(default_factory=Counter)
    web: list[dict[str, object]] = field(default_factory=list)
    statements: list[tuple[str, str, str]] = field(default_factory=list)
    sessions: list[tuple[str, str]] = field(default_factory=list)
    redis: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def recording() -> Iterator[Asked]:
    """Everything that anybody asks of the servers beside Kubernetes meanwhile, but for scrapes."""
    logs = [
        prometheus.query_log(),
        nginx.access_log(),
        postgres.log(),
        *map(redis.monitor_log, redis.SERVERS),
    ]
    for server in redis.SERVERS:
        redis.watch(server)
    sizes = {log: log.stat().st_size if log.exists() else 0 for log in logs}
    before = _counted()
    asked = Asked()
    yield asked
    lines = {log: _since(log, size) for log, size in sizes.items()}
    asked.queries = list(_queries(lines[prometheus.query_log()]))
    asked.web = [json.loads(line) for line in lines[nginx.access_log()]]
    text = re.sub(r"\n\t\s*", " ", "\n".join(lines[postgres.log()]))
    asked.statements = [(user, database, said) for user, database, said in STATEMENT.findall(text)]
    asked.sessions = CONNECTION.findall(text)
    asked.redis = {server: _commands(lines[redis.monitor_log(server)]) for server in redis.SERVERS}
    asked.prometheus = _counted() - before


def _since(log: Path, size: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(size)
        return file.read().decode(errors="replace").splitlines()


def _queries(lines: list[str]) -> Iterator[str]:
    """Queries that came by HTTP; rule evaluations are logged too and left out."""
    for line in lines:
        entry = json.loads(line)
        if "httpRequest" in entry:
            yield entry["params"]["query"]


def _commands(lines: list[str]) -> list[str]:
    """Those of connections that logged in meanwhile: workers, replicas and Sentinels had done so before."""
    found = [match.groups() for line in lines if (match := MONITORED.match(line))]
    new = {address for address, command in found if command.startswith('"AUTH"')}
    return [command for address, command in found if address in new]


def _counted() -> Counter[tuple[str, str]]:
    """Prometheus counts the requests to its API by path and status; its log holds the queries alone."""
    metrics = process.get("prometheus", "/metrics")[1].decode()
    found = {(path, code): int(float(n)) for code, path, n in PROMETHEUS_COUNTER.findall(metrics)}
    return Counter({key: n for key, n in found.items() if key[0] not in ("/metrics", "/-/ready")})
