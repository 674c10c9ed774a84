"""A source written outside of the repository works with everything that ours work with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from opsproof.testing import faulty
from opsproof.testing.web import exchanging
from tests.sdk.outside import Team


class Broker:
    """What the management API answers; tests change it."""

    def __init__(self) -> None:
        self.waiting = 3
        self.alarms: list[Any] = []

    def __call__(self, path: str) -> bytes:
        queue = {"name": "mail.out", "vhost": "/", "state": "running"}
        node: Mapping[str, Any] = {"name": "rabbit@one", "running": True}
        health = {"status": "failed" if self.alarms else "ok", "alarms": self.alarms}
        answers: Mapping[str, Any] = {
            "/api/overview": {"rabbitmq_version": "3.13.7", "cluster_name": "mail-production"},
            "/api/queues/%2F": {
                "items": [{**queue, "messages": self.waiting, "consumers": 1}], "page": 1, "page_count": 1,
            },
            "/api/nodes": [node],
            "/api/health/checks/alarms": health,
        }  # fmt: skip
        if path == "/api/queues/hidden":
            return faulty.http(b'{"error":"not_authorised"}', status="401 Unauthorized")
        status = "503 Service Unavailable" if path.endswith("alarms") and self.alarms else "200 OK"
        return faulty.http(json.dumps(answers[path]).encode(), status=status)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def team(broker: Broker, tmp_path: Path) -> Iterator[Team]:
    with faulty.serving(exchanging(broker)) as port:
        yield Team.at(tmp_path, f"http://127.0.0.1:{port}")


def test_it_is_validated(team: Team) -> None:
    """Its settings refuse what they do not know, with position and hint."""
    assert team.opsproof("validate").returncode == 0
    environment = team.folder / "checks/systems/mail/environments/local.yaml"
    environment.write_text(environment.read_text().replace("username", "user_name"))
    wrong = team.opsproof("validate")
    assert (wrong.returncode, "local.yaml:5:5: " in wrong.stdout) == (4, True), wrong.stdout + wrong.stderr


def test_it_decides_and_is_replayed(team: Team, broker: Broker) -> None:
    """Green, then red with its level; a replay decides the same without any server."""
    done = team.pytest("-m", "daily", "--env", "local")
    assert (done.returncode, "GATE OPEN" in done.stdout) == (0, True), done.stdout + done.stderr

    broker.waiting, broker.alarms = 101, [{"node": "rabbit@one", "resource": "disk"}]
    red = team.pytest("-m", "daily", "--env", "local")
    assert red.returncode == 1, red.stdout + red.stderr
    for part in ("queue //mail.out", "101 messages wait", "node rabbit@one", "alarm: disk", "GATE CLOSED"):
        assert part in red.stdout

    broker.waiting, broker.alarms = 0, []
    again = team.pytest("-m", "daily", "--env", "local", "--replay", "reports/latest")
    assert (again.returncode, "101 messages wait" in again.stdout) == (1, True), again.stdout
    kept = b"".join(path.read_bytes() for path in (team.folder / "reports").rglob("*") if path.is_file())
    assert team.password.encode() not in kept


def test_a_scope_that_refuses_is_undecided_and_the_others_are_not(team: Team, broker: Broker) -> None:
    """One virtual host may not be seen: UNKNOWN by its name, beside what the other one shows."""
    system = team.folder / "checks/systems/mail/system.yaml"
    system.write_text(system.read_text().replace('["/"]', '["/", hidden]'))
    broker.waiting = 101
    done = team.pytest("-m", "high", "--env", "local")
    said = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stdout + done.stderr
    assert "vhost hidden: undecided: the permission to see the virtual host hidden is missing" in said
    assert "101 messages wait" in said


def test_it_tells_who_it_is_and_what_it_needs(team: Team) -> None:
    """`identify` prints its identity, `rights` its commands, and `rights --check` asks it."""
    told = team.opsproof("identify", "--env", "local")
    assert (told.returncode, "cluster-name" in told.stdout) == (0, True), told.stdout + told.stderr
    assert "mail-production" in told.stdout

    given = team.opsproof("rights", "--env", "local", "-m", "critical")
    assert "rabbitmqctl set_user_tags opsproof monitoring" in given.stdout, given.stderr
    assert "set_permissions" not in given.stdout
    assert "set_permissions -p / opsproof" in team.opsproof("rights", "--env", "local").stdout

    checked = team.opsproof("rights", "--env", "local", "--check")
    assert (checked.returncode, "nothing is missing" in checked.stdout) == (0, True), checked.stderr
