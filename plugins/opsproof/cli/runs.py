"""A run's folder, read again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from opsproof.evidence.run import MANIFEST, open_run
from opsproof.judge.rebuild import result_of
from opsproof.model.result import Result
from opsproof.report import write as reports
from opsproof.report.terminal import Line, lines


def rebuilt(path: Path) -> Result:
    """The result from the journal. The reports are written again only where that alters no sealed file."""
    run = open_run(path)
    result = result_of(run)
    if not (run.folder / MANIFEST).exists():
        reports.write(run, result)
    return result


def shown(result: Result, path: Path) -> Iterator[Line]:
    return lines(result, width=shutil.get_terminal_size().columns, folder=str(path))
