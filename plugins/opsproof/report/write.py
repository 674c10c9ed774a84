"""All reports of a run, from one result."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import msgspec

from opsproof.evidence.passing import Passing
from opsproof.evidence.run import Run
from opsproof.model.result import Result
from opsproof.report import html, junit

_EACH = 500  # who passed, by name, of one requirement in the page
_ALL = 20_000  # and of all


def write(run: Run, result: Result) -> None:
    """`result.json`, `junit.xml` and `report.html` in the run's folder, each whole or not at all."""
    run.write("result.json", msgspec.json.format(msgspec.json.encode(result), indent=1))
    run.write("junit.xml", junit.render(result))
    run.write("report.html", html.render(result, _passing(run, result)))


def _passing(run: Run, result: Result) -> dict[str, list[str]]:
    """Some of those who passed each requirement: what is beyond stays in the run's files, and is told by its name."""
    kept, found, left = Passing(run.folder), {}, _ALL
    for one in result.requirements:
        names: list[str] = []
        for item in one.items:
            with suppress(
                FileNotFoundError, ValueError
            ):  # `opsproof verify` tells what is missing or damaged
                names += [str(subject) for subject in islice(kept.of(item), min(_EACH, left) - len(names))]
        left -= len(names)
        found[one.requirement.key] = names
    return found
