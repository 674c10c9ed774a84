"""Files of a host keep the collector contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from opsproof.sources.files.facts import ListedOf, ReadOf
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right
from tests.contract.ssh_wire import Answer, Program, Ssh, host, speaking
from tests.contract.test_host import _Host


def folder(said: Said) -> Program:
    """A host where the program has run."""
    plain = host(said)
    now = (said.clock or datetime.now(timezone.utc)).timestamp()
    listed = {
        "stored": [[f"db-20260131{said.text}.sql", 9, 1769828400.0, 1, 0]],
        "others": 1,
        "instead": [said.text],
    }
    read = {
        "name": said.text, "modified": 1769828400.0, "stored": 9, "size": 9, "form": "manifest",
        "names": [f"ConfigMap/{said.text}/a"], "kinds": {said.text: 1},
    }  # fmt: skip

    def answer(command: str) -> Answer:
        if " -c " not in command:
            return plain(command)
        document = read if " newest " in command[-100:] else listed
        return 0, json.dumps({**document, "now": now}).encode()

    return answer


class _Spoken(Ssh):
    def good(self, said: Said) -> Behaviour:
        return speaking(folder(said))

    def faults(self) -> Mapping[str, Fault]:
        def ending(status: int, out: bytes = b"") -> Behaviour:
            return speaking(lambda command: (status, out))

        return {
            **super().faults(),
            "a command that fails": Fault(ending(1), right("BadAnswer")),
            "404: no such folder": Fault(ending(2), right("NotFound")),
            "403: a folder that may not be read": Fault(ending(3), right("Forbidden")),
            "a list of something else": Fault(
                ending(0, b'{"now": 1, "stored": [["a"]]}'), right("BadAnswer")
            ),
        }


class _Files(_Host):
    kind = "files"
    spoken = _Spoken()

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {**super().settings(port, secret), "folder": "/backups"}


class TestListed(_Files):
    ask = ListedOf(target="files:test", pattern="db-%Y%m%d*.sql")


class TestRead(_Files):
    ask = ReadOf(target="files:test", pattern="db-%Y%m%d*.sql", which="newest", most=2**28)
