"""All reports of a run, from one result."""

from __future__ import annotations

import msgspec

from opsproof.evidence.run import Run
from opsproof.model.result import Result
from opsproof.report import html, junit


def write(run: Run, result: Result) -> None:
    """`result.json`, `junit.xml` and `report.html` in the run's folder, each whole or not at all."""
    run.write("result.json", msgspec.json.format(msgspec.json.encode(result), indent=1))
    run.write("junit.xml", junit.render(result))
    run.write("report.html", html.render(result))
