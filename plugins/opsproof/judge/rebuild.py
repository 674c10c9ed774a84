"""A run's result from what lies in its folder: the same for the run itself and for whoever looks later."""

from __future__ import annotations

import msgspec

from opsproof.evidence import journal
from opsproof.evidence.run import End, Run
from opsproof.evidence.verify import Verdict
from opsproof.judge.fold import build
from opsproof.model.finding import ItemResult
from opsproof.model.result import Plan, Provenance, Result, WaiverUse
from opsproof.model.target import TargetReport


def result_of(run: Run, verdict: Verdict | None = None) -> Result:
    """Rebuild the run's result from plan, selection and journal, and say whether they are intact.

    Args:
        verdict: what `evidence.verify` says of the folder; a run that has not ended yet has none.

    Raises:
        FileNotFoundError: the folder holds no run.
        ValueError: what it holds cannot be read.
    """
    reading = journal.read(run.folder / "journal.jsonl")
    items = [msgspec.json.decode(data, type=ItemResult) for data in reading.of("result")]
    targets = [msgspec.json.decode(data, type=TargetReport) for data in reading.of("target")]
    waivers = [msgspec.json.decode(data, type=WaiverUse) for data in reading.of("waiver")]
    ends = [msgspec.json.decode(data, type=End) for data in reading.of("end")]
    starts = [msgspec.json.decode(data, type=Provenance) for data in reading.of("start")]
    if not starts:
        raise ValueError(f"{run.folder}: the journal does not begin with a run")
    return build(
        plan=run.read("plan.json", Plan),
        selection=run.selection(),
        provenance=starts[0],
        items=items,
        targets=targets,
        waivers=waivers,
        finished=ends[-1].finished if ends else None,
        integrity=(verdict.altered if verdict else reading.altered) or "intact",
        requests=run.requests(),
    )
