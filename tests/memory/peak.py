"""A run in a process of its own, and the most memory that it ever held."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opsproof.evidence.run import open_run
from opsproof.model.result import Result

ROOT = Path(__file__).parents[2]
_RUN = """
import sys, pytest
status = pytest.main(sys.argv[1:])
print(open("/proc/self/status").read())
sys.exit(status)
"""
_SYSTEM = """
system: shop
title: The shop
severities: [{label: P1, level: critical, respond_within: 5 minutes}]
names: {namespaces: [shop]}
"""
_ASKED = {
    "value": ("prometheus", "Samples", 'PromQL("up")', "prometheus.facts", "single() is not None"),
    "course": (
        "prometheus",
        "Samples",
        'PromQL("up", over="window")',
        "prometheus.facts",
        "single() is not None",
    ),
    "pods": ("kubernetes", "Any", 'Kubernetes("pods")', "kubernetes.asks", "__class__ is None"),
    "cache": ("redis", "Any", "RedisMemory()", "redis.facts", "samples"),
    "sessions": ("postgres", "Any", "PostgresSessions()", "postgres.facts", "used"),
}
_CHECK = """
from __future__ import annotations

from typing import Annotated, Any

from opsproof import HIGH, Count, Duration, Limits, check
from opsproof.sources.{module} import *


class TheLimits(Limits):
    window: Duration = Duration(600)
    samples: Count = Count(1)
    spacing: Duration = Duration(0)


@check("shop/{name}", title="There is something", level=HIGH)
def check_{name}(found: Annotated[{form}, {source}], limits: TheLimits, examine: Any) -> None:
    {body}
"""
_ONE = '''"""What is wrong with it cannot be told."""
    with examine("it"):
        assert found.{holds}'''
_EACH = '''"""What is wrong with it cannot be told."""
    for one in found:
        with examine(one):
            raise AssertionError("it is not ready")'''
_ADDRESS = {
    "prometheus": "url: 'http://127.0.0.1:{port}'",
    "kubernetes": "server: 'http://127.0.0.1:{port}'",
    "redis": "host: 127.0.0.1, port: {port}",
    "postgres": "host: 127.0.0.1, port: {port}, database: shop, user: shop, sslmode: disable",
}


@dataclass(frozen=True)
class Peak:
    """`most` in bytes; `said` is what the process printed."""

    most: int
    result: Result
    said: str

    @property
    def reasons(self) -> dict[str, tuple[str, str]]:
        """Outcome and the first finding's message, by what the row says."""
        return {
            row.requirement.says: (
                row.outcome.value,
                next((one.message for item in row.items for one in item.findings), ""),
            )
            for row in self.result.requirements
        }


def peak(folder: Path, memory: str, ports: Mapping[str, tuple[str, int]], *words: str) -> Peak:
    """Have a team check all of the servers in one run. `ports`: by name, what is asked there and where."""
    _write(folder, memory, ports)
    command = [
        sys.executable,
        "-c",
        _RUN,
        "-p",
        "opsproof.plugin",
        "-p",
        "no:hypothesispytest",
        "checks",
        *words,
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert found, done.stdout + done.stderr
    result = open_run(folder / "reports" / "latest").read("result.json", Result)
    return Peak(int(found[1]) * 1024, result, done.stdout)


def _write(folder: Path, memory: str, ports: Mapping[str, tuple[str, int]]) -> None:
    shop = folder / "checks" / "systems" / "shop"
    (shop / "environments").mkdir(parents=True)
    (folder / "checks" / "shop").mkdir()
    (folder / "pytest.ini").write_text(f"[pytest]\nopsproof_memory = {memory}\n")
    for name, (_, form, source, module, holds) in _ASKED.items():
        body = _EACH if name == "pods" else _ONE.format(holds=holds)
        text = _CHECK.format(name=name, form=form, source=source, module=module, body=body)
        (folder / "checks" / "shop" / f"check_{name}.py").write_text(text)
    (shop / "system.yaml").write_text(_SYSTEM)
    rows, targets = ["requirements:"], ["environment: live", "targets:"]
    for number, (name, (asked, port)) in enumerate(ports.items()):
        kind = _ASKED[asked][0]
        rows.append(
            f"  SH-{number:03}: {{says: {json.dumps(name)}, checks: [shop/{asked}], on: t{number}, "
            "cadence: [daily], level: high}"
        )
        targets.append(f"  t{number}: {{kind: {kind}, {_ADDRESS[kind].format(port=port)}}}")
    (shop / "runbook.yaml").write_text("\n".join(rows))
    (shop / "environments" / "live.yaml").write_text("\n".join(targets))
