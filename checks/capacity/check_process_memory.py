"""The memory and the open files of processes, as these tell them of themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator
from typing_extensions import Self

from opsproof import LOW, AtMost, Bytes, Examination, Limits, Percent, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.sources.prometheus.facts import PromQL, Samples, Series, number
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.matchers import workload_of

Targets = Annotated[Samples, PromQL(folded("${scrape_up}"), over="")]
Resident = Annotated[Samples | None, PromQL(folded("${process_resident_memory}"), over="", when="resident")]
Open = Annotated[Samples | None, PromQL(folded("${process_open_fds}"), over="", when="open_files")]
Most = Annotated[Samples | None, PromQL(folded("${process_max_fds}"), over="", when="open_files")]
ResidentKnown = Annotated[
    Known | Failure | None, Beside(Matched("${process_resident_memory}"), when="resident")
]
OpenKnown = Annotated[Known | Failure | None, Beside(Matched("${process_open_fds}"), when="open_files")]
_Place = tuple[str, str, str, str]


class ProcessLimits(Limits):
    """`resident`: the memory that a process may hold. `open_files`: the share of those that it may have open.

    `jobs`: scrape jobs, each of whose targets has to tell of itself.
    """

    jobs: Scoped[tuple[str, ...]] = ()
    resident: AtMost[Bytes] | None = None
    open_files: AtMost[Percent] | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.resident is None and self.open_files is None:
            raise ValueError("write `resident`, `open_files` or both")
        return self


@check("capacity/process-memory", title="Processes keep their memory and open files within limits", level=LOW)
def check_process_memory(
    targets: Targets, resident: Resident, open_files: Open, most: Most, resident_known: ResidentKnown,
    open_known: OpenKnown, limits: ProcessLimits, examine: Examination,
) -> None:  # fmt: skip
    """A leak ends in a killed process, or in one that can open neither file nor connection."""
    if limits.resident is not None and resident is not None:
        _examine_memory(resident, resident_known, limits.resident, examine)
        _examine_silent(resident, targets, "memory", limits, examine)
    if limits.open_files is not None and open_files is not None and most is not None:
        _examine_files(open_files, open_known, most, limits.open_files, examine)
        _examine_silent(open_files, targets, "open files", limits, examine)


def _examine_memory(
    resident: Samples, matched: Known | Failure | None, highest: AtMost[Bytes], examine: Examination
) -> None:
    with deciding(examine, Subject("signal", "memory")):
        _require(resident, matched, "memory")
    for series in resident:
        subject = _subject(series, "memory")
        with examine(subject, limit=highest) as it:
            size = Bytes(number(series.value))
            it.holds(highest, size, f"holds {size} of memory; needed: {highest}")


def _examine_files(
    open_files: Samples, matched: Known | Failure | None, most: Samples, highest: AtMost[Percent],
    examine: Examination,
) -> None:  # fmt: skip
    with deciding(examine, Subject("signal", "open files")):
        _require(open_files, matched, "open files")
    allowed = {_place(series): series.value for series in most}
    for series in open_files:
        with examine(_subject(series, "open files"), limit=highest) as it:
            share = _share(series.value, allowed.get(_place(series)))
            it.holds(
                highest,
                share,
                f"{series.value:.0f} files are open, {share} of what it may; needed: {highest}",
            )


def _require(samples: Samples, matched: Known | Failure | None, what: str) -> None:
    """Raises Undecided: nothing tells of itself, so that nothing would be found wrong."""
    if samples.empty:
        if isinstance(matched, Known):
            matched.require()
        raise Undecided(f"no process tells its {what} now")


def _share(found: float, most: float | None) -> Percent:
    """Raises Undecided: how many it may open is not told."""
    if most is None or not most > 0:
        raise Undecided("how many files it may open is not told")
    return Percent(number(found) / most)


def _place(series: Series) -> _Place:
    job, instance, namespace, pod = (series.label(name) for name in ("job", "instance", "namespace", "pod"))
    return job, instance, namespace, pod


def _subject(series: Series, what: str) -> Subject:
    job, instance, namespace, pod = _place(series)
    return Subject(
        "process", f"{job}/{pod or instance}", namespace, f"{job}/{workload_of(pod) or instance}/{what}"
    )


def _examine_silent(
    samples: Samples, targets: Samples, what: str, limits: ProcessLimits, examine: Examination
) -> None:
    """Targets that tell nothing of their process: named, and undecided where the row wants their job."""
    told = {_place(series) for series in samples}
    for job in limits.jobs:
        if not any(series.label("job") == job for series in targets):
            examine.unknown(Subject("job", job), Undecided(f"Prometheus has no target of job {job}"))
    for series in targets:
        if _place(series) in told:
            continue
        why = f"tells nothing of its {what}" if series.value == 1 else "is down"
        if series.label("job") in limits.jobs:
            examine.unknown(_subject(series, what), Undecided(f"its target {why}"))
        else:
            examine.exclude(_subject(series, what), f"its target {why}")
