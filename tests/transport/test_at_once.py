"""Conversations of many small steps: no step waits until the one before it was acknowledged."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from opsproof.model.target import Budget
from opsproof.testing import faulty
from opsproof.testing.attempt import tried
from opsproof.testing.contract import CollectorContract
from opsproof.testing.spoken import Said
from opsproof.transport.watchdog import Watchdog
from tests.contract import test_host, test_postgres


@pytest.mark.parametrize("spoken", [test_postgres.TestSessions(), test_host.TestServices()])
def test_every_connection_sends_small_parts_at_once(
    spoken: CollectorContract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nagle's algorithm and a delayed acknowledgement would make forty milliseconds of each step."""
    watch, found = Watchdog.watch, []

    def watching(dog: Watchdog, descriptor: int) -> None:
        with socket.socket(fileno=os.dup(descriptor)) as same:
            found.append(same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        watch(dog, descriptor)

    monkeypatch.setattr(Watchdog, "watch", watching)
    secret = tmp_path / "credential"
    secret.write_text("planted\n")
    with faulty.serving(spoken.spoken.good(Said())) as port:
        target = spoken._target(port, str(secret), Budget())
        assert tried(target, spoken.ask, 60).outcome == "facts"
    assert found
    assert 0 not in found
