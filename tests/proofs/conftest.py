"""One run of all five systems with four workers, beside what the servers themselves recorded of it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import pytest

from opsproof.evidence.run import Run
from opsproof.model.result import Result
from tests.faults.elsewhere import ROOT, reached
from tests.faults.run import TRIES, everything, latest, slow
from tests.proofs import planted
from tests.testbed import kubernetes_servers
from tests.testbed.services import evidence, proxy

SYSTEMS = sorted(path.name for path in (ROOT / "checks/systems").iterdir())


@dataclass(frozen=True)
class Proof:
    """A finished run, and the servers' word for it."""

    checkout: Path
    run: Run
    result: Result
    asked: evidence.Asked
    audit: list[dict[str, Any]]
    alertmanager: list[dict[str, Any]]

    def requests(self, kind: str) -> list[dict[str, Any]]:
        """What the run says that it asked of targets of a kind."""
        lines = (self.run.folder / "requests.jsonl").read_text().splitlines()
        return [one for one in map(json.loads, lines) if one["target"].split(":")[0] == kind]


@pytest.fixture(scope="package")
def proof(testbed: None, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """Made again while answers are slow, as they are on a machine that is busy."""
    for _ in range(TRIES):
        made = _proof(tmp_path_factory.mktemp("proof"))
        if not any(map(slow, made.result.requirements)):
            break
    return made


def _proof(reports: Path) -> Proof:
    """Alertmanager keeps no record, so that a gate before it does."""
    audit = kubernetes_servers.audit_log()
    with ExitStack() as stack:
        gate = stack.enter_context(proxy.before("alertmanager"))
        for system in SYSTEMS:
            stack.enter_context(reached(system, "alertmanager", url=f"http://{gate.address}"))
        stack.enter_context(planted.contents())
        began = audit.stat().st_size
        with evidence.recording() as asked:
            result = everything(reports, "-n", "4")
        passed = gate.passed()
        with audit.open() as file:
            file.seek(began)
            events = [json.loads(line) for line in file]
    mine = [one for one in events if one["user"]["username"] not in {"admin"}]
    return Proof(reports / "checkout", latest(reports), result, asked, mine, passed)


def plain(path: str) -> str:
    """A request's path as both sides can be compared by."""
    parts = urlsplit(path)
    return unquote_plus(f"{parts.path}?{parts.query}" if parts.query else parts.path or "/")
