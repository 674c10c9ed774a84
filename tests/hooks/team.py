"""A small team's repository and the server it checks: enough to run the plugin as its users do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opsproof.evidence.run import Run, open_run
from opsproof.model.result import Result

ROOT = Path(__file__).parents[2]

CHECK = '''
"""The shop's pages."""

from __future__ import annotations

from typing import Annotated, Any

from opsproof import HIGH, Count, Duration, Limits, Scoped, check
from opsproof.sources.http.facts import Endpoints


class PageLimits(Limits):
    urls: Scoped[tuple[str, ...]]
    probes: Count = Count(1)
    spacing: Duration = Duration(0)
    status: Count = Count(200)


@check("shop/pages", title="Every page answers", level=HIGH)
def check_pages(pages: Annotated[Any, Endpoints()], limits: PageLimits, examine: Any) -> None:
    """Customers see an error."""
    for page in pages:
        probe = page.probes[0]
        with examine(page, measured=probe.status, limit=int(limits.status)):
            assert probe.status == int(limits.status), f"HTTP {probe.status}"
'''

SYSTEM = """
system: shop
title: The shop
severities:
  - {label: Page now, level: critical, respond_within: 5 minutes}
names:
  base: null
"""

RUNBOOK = """
procedures:
  SH-900:
    says: Pages fail
    steps:
      - {do: Look at the log}
      - {do: Restart the shop, changes_state: true}
requirements:
  SH-001:
    says: The front page answers
    lines: 3
    checks: [shop/pages]
    cadence: [continuous]
    level: critical
    scope: {urls: ["${base}/front"]}
    when_empty: fail
    respond: [SH-900]
  SH-002:
    says: The cart answers
    checks: [shop/pages]
    cadence: [daily]
    level: medium
    scope: {urls: ["${base}/cart", "${base}/front"]}
    inferred: [level]
  SH-003:
    says: The catalogue answers
    checks: [shop/pages]
    cadence: [weekly]
    level: low
    scope: {urls: ["${base}/catalogue"]}
  SH-004:
    says: Someone reads the log
    planned: shop/log
    cadence: [daily]
    level: low
"""


@dataclass
class Shop:
    """A real HTTP server: what it answers by path, after how many seconds, and every request that reached it."""

    statuses: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    takes: float = 0.0
    url: str = ""

    def __enter__(self) -> Shop:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.seen.append(f"{self.command} {self.path}")
                time.sleep(shop.takes)
                body = b"ok"
                self.send_response(shop.statuses.get(self.path, 200))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Team:
    """The team's repository in a folder of its own, run by pytest in a process of its own."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, url: str) -> Team:
        team = cls(folder)
        team.write("checks/shop/check_pages.py", CHECK)
        team.write("checks/systems/shop/system.yaml", SYSTEM)
        team.write("checks/systems/shop/runbook.yaml", RUNBOOK)
        team.environment("production", url)
        return team

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def environment(self, name: str, url: str, more: str = "") -> Path:
        text = f"environment: {name}\ntargets:\n  http: {{}}\nnames:\n  base: {url}\n{more}"
        return self.write(f"checks/systems/shop/environments/{name}.yaml", text)

    def run(
        self, *words: str, env: Mapping[str, str] | None = None, python: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """`pytest checks ...` in the team's folder; what it prints is as wide as a small terminal."""
        strict = "PYTHONOPTIMIZE" not in (env or {})
        return subprocess.run(
            self.command(*words, python=python, strict=strict),
            cwd=self.folder,
            env=self.shell(env),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def opsproof(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`opsproof ...` in the team's folder."""
        return subprocess.run(
            [sys.executable, "-c", "from opsproof.cli import main; main()", *words],
            cwd=self.folder,
            env=self.shell(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def command(self, *words: str, python: tuple[str, ...] = (), strict: bool = True) -> list[str]:
        given = words or ("checks",)
        # Under -O pytest itself warns, and would stop before we can.
        warnings = ("-W", "error") if strict and not python else ()
        # A team has no use for hypothesis, which takes a fifth of each of these runs.
        plugins = ("-p", "opsproof.plugin", "-p", "no:hypothesispytest")
        return [sys.executable, *python, "-m", "pytest", *plugins, *warnings, *given]

    def shell(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        path = os.pathsep.join([str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")])
        found = {
            name: value for name, value in os.environ.items() if name != "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
        }
        return {**found, "PYTHONPATH": path, "COLUMNS": "80", "NO_COLOR": "1", **(env or {})}

    @property
    def latest(self) -> Run:
        return open_run(self.folder / "reports" / "latest")

    def result(self) -> Result:
        return self.latest.read("result.json", Result)

    def outcomes(self) -> dict[str, str]:
        return {one.requirement.id: one.outcome.value for one in self.result().requirements}


def requests(run: Run, base: str) -> list[str]:
    """What requests.jsonl says was asked, in the words of `Shop.seen`."""
    lines = [json.loads(line) for line in (run.folder / "requests.jsonl").read_text().splitlines()]
    return [f"{line['method']} {line['path'].removeprefix(base)}" for line in lines]
