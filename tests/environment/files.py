"""A small system on disk for the tests, to be changed in one place at a time."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from opsproof.environment.load import Loaded, load_systems

SYSTEM = """
system: shop
title: The shop
severities:
  - {label: P1, level: critical, respond_within: "< 5 min", lines: 10}
  - {label: P2, level: high, respond_within: 1 h}
names:
  namespaces: [shop, shop-jobs]
  api_url: null
metrics:
  http_requests: 'http_requests_total{namespace=~"${namespaces}"}'
"""
RUNBOOK = """
requirements:
  SH-001:
    says: Every pod is ready
    lines: 63
    checks: [health/pods-ready]
    cadence: [continuous]
    severity: P1
    limits: {grace: 5m}
    respond: [SH-060]
  SH-002:
    says: Backups are tested
    lines: 70-72
    planned: backup/restore-test
    cadence: [weekly]
    level: low
procedures:
  SH-060:
    says: Restart it
    steps:
      - {do: Look at the events}
      - {do: Roll back, changes_state: true, warning: 1 is not the previous one, instead: name the revision}
"""
PRODUCTION = """
environment: production
targets:
  prometheus: {url: "https://prometheus.example.com", token: {env: SHOP_TOKEN}}
names: {api_url: "https://shop.example.com"}
"""


def write(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(content).lstrip("\n"), encoding="utf-8")
    return file


def shop(folder: Path, **changed: str) -> Path:
    """`checks/systems` below `folder` with the shop. Other content by name: `runbook=`, `staging=`."""
    systems = folder / "checks" / "systems"
    files = {"system": SYSTEM, "runbook": RUNBOOK, "production": PRODUCTION} | changed
    for name, content in files.items():
        inner = "" if name in {"system", "runbook", "waivers"} else "environments/"
        write(systems / "shop", f"{inner}{name}.yaml", content)
    return systems


def load(folder: Path, **changed: str) -> Loaded:
    return load_systems(shop(folder, **changed))


def lines(loaded: Loaded) -> list[str]:
    """The problems without the folder: `runbook.yaml:3:5: ...`."""
    return [str(problem).split("/shop/", 1)[-1] for problem in loaded.problems]
