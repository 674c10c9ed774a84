"""Each thing is asked once a run, whatever the number of items, systems and workers: the servers say so."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from urllib.parse import urlsplit

import pytest

from opsproof.model.result import Result
from tests.faults.run import findings
from tests.proofs.conftest import Proof, plain
from tests.testbed import place
from tests.testbed.services import redis

pytestmark = [pytest.mark.testbed, pytest.mark.slow]


def test_the_run_decides_everything(proof: Proof, healthy: Result) -> None:
    """Four workers find what one process finds."""
    assert proof.result.requirements
    assert outcomes(proof.result) == outcomes(healthy)
    assert sum(len(findings(one)) for one in healthy.requirements) == sum(
        len(findings(one)) for one in proof.result.requirements
    )


def outcomes(result: Result) -> dict[str, str]:
    return {one.requirement.id: one.outcome.value for one in result.requirements}


def test_kubernetes_was_asked_what_the_run_says(proof: Proof) -> None:
    asked = Counter(plain(event["requestURI"]) for event in proof.audit)
    assert asked == Counter(plain(one["path"]) for one in proof.requests("kubernetes"))
    assert len(asked) > 50
    # The version belongs to the proof of identity and to a check; usage is sampled three times.
    repeated = {path for path, count in asked.items() if count > 1}
    assert all(path == "/version" or "metrics.k8s.io" in path for path in repeated)


def test_prometheus_was_asked_what_the_run_says(proof: Proof) -> None:
    said = [
        one["path"] for one in proof.requests("prometheus")
    ]  # a query as it was meant, not as it was sent
    queries = Counter(path.partition("query=")[2] for path in said if "/query" in path)
    assert max(queries.values()) == 1
    assert Counter(proof.asked.queries).keys() == queries.keys()
    assert len(proof.asked.queries) == len(queries)
    # Prometheus counts by the form of a path, whatever label it names.
    paths = Counter(re.sub("/label/[^/]+/", "/label/:name/", urlsplit(path).path) for path in said)
    # The testbed itself looks whether Prometheus is ready, so that those are not counted.
    paths.pop("/-/ready")
    assert Counter({path: n for (path, _), n in proof.asked.prometheus.items()}) == paths


def test_alertmanager_was_asked_what_the_run_says(proof: Proof) -> None:
    asked = Counter(plain(one["path"]) for one in proof.alertmanager)
    assert asked == Counter(plain(one["path"]) for one in proof.requests("alertmanager"))
    assert asked["/api/v2/alerts"] == 1


def test_web_servers_were_asked_what_the_run_says(proof: Proof) -> None:
    asked = Counter((one["scheme"], one["host"], one["uri"]) for one in proof.asked.web)
    said: Counter[tuple[str, str, str]] = Counter()
    for one in proof.requests("http"):
        parts = urlsplit(one["path"])
        if one["method"] == "GET":
            said[parts.scheme, parts.hostname or "", parts.path or "/"] += 1
    assert Counter({(str(a), str(b), str(c)): n for (a, b, c), n in asked.items()}) == said
    assert max(said.values()) == 5, "one row asks for five probes, the others for three"


def test_the_database_was_asked_what_the_run_says(proof: Proof) -> None:
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for one in proof.requests("postgres"):
        said[one["target"].rpartition("/")[2].partition("#")[0]][one["path"]] += 1
    sessions = Counter(database for user, database in proof.asked.sessions if user == "opsproof")
    assert sessions == {database: counts["CONNECT"] for database, counts in said.items()}
    selects = Counter(
        database
        for user, database, text in proof.asked.statements
        if user == "opsproof" and text.lstrip().upper().startswith("SELECT")
    )
    assert selects == {database: counts.total() - counts["CONNECT"] for database, counts in said.items()}


# MONITOR does not show what is an administrator's.
UNMONITORED = {"CONNECT", "CONFIG", "CLIENT", "CLUSTER"}


def unquoted(command: str) -> str:
    """`"LLEN" "celery\\x06\\x163"` as it was sent."""
    return command.replace('"', "").encode().decode("unicode_escape")


@pytest.mark.parametrize("server", redis.SERVERS)
def test_caches_were_asked_what_the_run_says(proof: Proof, server: str) -> None:
    port = f":{place.PORTS[server]}#"
    said = Counter(
        one["path"]
        for one in proof.requests("redis")
        if port in one["target"] and one["path"].split()[0] not in UNMONITORED
    )
    commands = (unquoted(command) for command in proof.asked.redis[server])
    asked = Counter(command for command in commands if not command.startswith("AUTH"))
    assert asked == said
    # Of one server with other settings for each of two systems the rights differ: it is two targets.
    targets = {one["target"] for one in proof.requests("redis") if port in one["target"]}
    assert asked["PING"] == 3 * len(targets)


def test_no_ask_was_made_by_two_processes(proof: Proof) -> None:
    """Attempts of an ask follow each other; a second process would begin at the first again."""
    attempts = Counter(
        (one["ask"], one["method"], one["path"], one["attempt"])
        for kind in ("http", "postgres", "redis", "prometheus", "alertmanager")
        for one in proof.requests(kind)
        if one["path"] not in {"CONNECT", "INFO memory"}
    )
    repeated = {key for key, count in attempts.items() if count > 1}
    assert not repeated
