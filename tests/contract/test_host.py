"""A host over ssh keeps the collector contract."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from opsproof.model.target import Budget
from opsproof.sources.host.asks import FileSystemsOf, ServicesOf
from opsproof.testing import faulty
from opsproof.testing.attempt import tried
from opsproof.testing.contract import CollectorContract
from opsproof.testing.slots import Counted
from opsproof.testing.spoken import Said
from tests.contract.ssh_wire import Ssh, host, known_hosts, speaking


class _Host(CollectorContract):
    kind = "host"
    spoken = Ssh()
    patience = 20  # keys are agreed on before anything is refused

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": port,
            "user": "opsproof",
            "password": {"file": secret},
            "known_hosts": known_hosts(Path(secret).parent, port),
        }

    def test_the_server_sees_no_more_at_once_than_the_budget(self, secret: str) -> None:
        """An encrypted server hears more than requests, so commands are counted: from its start to its end."""
        running, peaks, changed = [0], [0], threading.Condition()
        good = host(Said())

        def counted(command: str) -> tuple[int, bytes]:
            with changed:
                running[0] += 1
                peaks[0] = max(peaks[0], running[0])
                changed.notify_all()
                changed.wait_for(lambda: running[0] > 2, timeout=0.01)
                running[0] -= 1
            return good(command)

        slots = Counted(2)
        with faulty.serving(speaking(counted)) as port:
            target = self._target(port, secret, Budget())
            threads = [threading.Thread(target=tried, args=(target, self.ask, 60, slots)) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert slots.peak <= 2
        assert 1 <= peaks[0] <= 2
        assert slots.taken >= 12


class TestFileSystems(_Host):
    ask = FileSystemsOf(target="host:test")
    tells_clock = False  # nothing of it is a time


class TestServices(_Host):
    ask = ServicesOf(target="host:test", units=("nginx.service",), samples=1, spacing=0)
