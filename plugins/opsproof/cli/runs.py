"""A run's folder, read again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from opsproof.evidence import manifest
from opsproof.evidence.run import open_run
from opsproof.evidence.verify import verify, walk
from opsproof.judge.rebuild import result_of
from opsproof.model.result import Result
from opsproof.model.text import printable
from opsproof.report import write as reports
from opsproof.report.terminal import Line, lines


def rebuilt(path: Path) -> Result:
    """The result from the journal. The reports are written again only where that alters no sealed file."""
    run = open_run(path)
    result = result_of(run, verify(run.folder))
    if not (run.folder / manifest.NAME).exists():
        reports.write(run, result)
    return result


def shown(result: Result, path: Path) -> Iterator[Line]:
    return lines(result, width=shutil.get_terminal_size().columns, folder=str(path))


def verified(path: Path, *, chain: bool, expect: str | None) -> Iterator[tuple[str, bool]]:
    """What is to be said of a run's folder, and whether each of it is good. Raises FileNotFoundError."""
    run = open_run(path)
    verdict = verify(run.folder)
    yield printable(f"{run.id}: {verdict}"), verdict.sound
    digest = manifest.digest(run.folder)
    if digest:
        yield f"manifest: sha256:{digest}", True
    if expect is not None and expect.lower().removeprefix("sha256:") != digest:
        yield "this is not the run that told the digest: its manifest is another one", False
    for link in walk(run.folder) if chain else ():
        yield printable(f"chain: {link.run}: {link.broken or 'in place'}"), not link.broken
