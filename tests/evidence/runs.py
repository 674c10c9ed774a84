"""Runs as a session would leave them, without one."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import msgspec

from opsproof.evidence import manifest
from opsproof.evidence.run import Run, end_record

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)
ENVIRONMENTS = ("shop/production",)


def begun(reports: Path) -> Run:
    """A run that has decided something, and has not ended."""
    run = Run.create(reports, NOW)
    for name in ("plan.json", "selection.json", "result.json", "junit.xml", "report.html"):
        run.write(name, f"{{}}  {run.id}")
    run.write("facts/1f.json.gz", b"facts")
    run.journal.append("start", {"run": run.id})
    run.journal.append("result", {"outcome": "fail"})
    return run


def ended(reports: Path) -> Run:
    """A whole run, sealed and chained."""
    run = begun(reports)
    run.journal.append("end", end_record(NOW))
    run.finish(reports, ENVIRONMENTS)
    return run


def forged(left: Run, **changes: object) -> None:
    """The manifest written anew by hand, digests and all."""
    files = {name: manifest.plain.digest(left.folder / name) for name in manifest.plain.names(left.folder)}
    files.pop(manifest.NAME, None)
    made = msgspec.structs.replace(manifest.read(left.folder), files=files, **changes)
    left.write(manifest.NAME, made)
