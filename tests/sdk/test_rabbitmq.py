"""The example against Debian's real rabbitmq-server."""

from __future__ import annotations

import json
import os
import shlex
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sdk import rabbitmq
from tests.sdk.outside import Team
from tests.sdk.rabbitmq import Broker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if not rabbitmq.there():
        why = "rabbitmq-server is not installed"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    with rabbitmq.running(tmp_path_factory.mktemp("broker") / "node") as found:
        yield found


@pytest.fixture(scope="module")
def team(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """With the user that the commands of `opsproof rights` make."""
    made = Team.at(tmp_path_factory.mktemp("team"), broker.url)
    given = made.opsproof("rights", "--env", "local").stdout
    for line in given.splitlines():
        if line.startswith("rabbitmqctl "):
            words = shlex.split(line.replace("REPLACE-WITH-THE-PASSWORD", made.password))
            broker.ctl(*words[1:])
    return made


def manage(broker: Broker, method: str, path: str, body: Any = None) -> Any:
    """As the administrator that a new node has; gives what it answers."""
    request = urllib.request.Request(
        f"{broker.url}{path}",
        method=method,
        data=None if method == "GET" else json.dumps(body or {}).encode(),
    )
    request.add_header("Authorization", "Basic " + b64encode(b"guest:guest").decode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def until(told: Callable[[], bool]) -> None:
    """The management API's numbers are a few seconds old: wait until they say so."""
    end = time.monotonic() + 120
    while not told():
        assert time.monotonic() < end, "the broker does not tell it"
        time.sleep(0.2)


def test_the_rights_are_enough(team: Team) -> None:
    """The user that `opsproof rights` makes lacks nothing, and says which cluster it is."""
    checked = team.opsproof("rights", "--env", "local", "--check")
    assert (checked.returncode, "nothing is missing" in checked.stdout) == (0, True), checked.stdout
    told = team.opsproof("identify", "--env", "local")
    assert "cluster-name" in told.stdout, told.stdout + told.stderr


def test_a_virtual_host_that_may_not_be_seen_is_undecided(team: Team, broker: Broker) -> None:
    """RabbitMQ lists nothing of it, and says so only when it is asked for by its name."""
    manage(broker, "PUT", "/api/vhosts/hidden")
    manage(broker, "PUT", "/api/queues/hidden/mail.lost", {"durable": True})
    system = team.folder / "checks/systems/mail/system.yaml"
    text = system.read_text()
    system.write_text(text.replace('["/"]', '["/", hidden]'))
    try:
        done = team.pytest("-m", "high", "--env", "local")
        checked = team.opsproof("rights", "--env", "local", "--check")
    finally:
        system.write_text(text)
    assert "the permission to see the virtual host hidden is missing" in " ".join(done.stdout.split())
    assert (checked.returncode, "missing: GET /api/queues/hidden" in checked.stdout) == (1, True)


def test_a_queue_that_nobody_reads_is_found(team: Team, broker: Broker) -> None:
    """No queue, a queue without consumer, an alarm: each is red, and names what it is."""
    empty = team.pytest("-m", "daily", "--env", "local")
    assert (empty.returncode, "MA-002" in empty.stdout) == (1, True), empty.stdout + empty.stderr

    manage(broker, "PUT", "/api/queues/%2F/mail.out", {"durable": True})
    until(lambda: "consumers" in manage(broker, "GET", "/api/queues/%2F/mail.out"))
    unread = team.pytest("-m", "daily", "--env", "local")
    assert "0 consumers, at least 1 needed" in unread.stdout, unread.stdout + unread.stderr

    broker.ctl("set_vm_memory_high_watermark", "absolute", "1")
    try:
        alarmed = team.pytest("-m", "critical", "--env", "local")
    finally:
        broker.ctl("set_vm_memory_high_watermark", "0.4")
    assert (alarmed.returncode, "alarm: memory" in alarmed.stdout) == (1, True), alarmed.stdout
    # The list of nodes and the health check do not tell it at the same moment.
    until(lambda: team.pytest("-m", "critical", "--env", "local").returncode == 0)
