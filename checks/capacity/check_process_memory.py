"""The memory and the open files of processes, as these tell them of themselves."""

from __future__ import annotations

from collections.abc import Callable
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
    """`open_files`: of what the process may open. `jobs`: scrape jobs, each of whose targets has to tell of itself."""

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

        def memory(series: Series) -> None:
            size = Bytes(number(series.value))
            with examine(_subject(series, "memory"), measured=size, limit=limits.resident) as it:
                assert limits.resident is not None
                it.holds(limits.resident, size, f"holds {size} of memory; needed: {limits.resident}")

        _each(resident, resident_known, "memory", memory, examine)
        _examine_silent(resident, targets, "memory", limits, examine)
    if limits.open_files is not None and open_files is not None and most is not None:
        allowed = {_place(series): series.value for series in most}

        def files(series: Series) -> None:
            with examine(_subject(series, "open files"), limit=limits.open_files) as it:
                assert limits.open_files is not None
                share = _share(series.value, allowed.get(_place(series)))
                it.holds(
                    limits.open_files,
                    share,
                    f"{series.value:.0f} files are open, {share}; needed: {limits.open_files}",
                )

        _each(open_files, open_known, "open files", files, examine)
        _examine_silent(open_files, targets, "open files", limits, examine)


def _each(
    samples: Samples, matched: Known | Failure | None, what: str, decide: Callable[[Series], None],
    examine: Examination,
) -> None:  # fmt: skip
    with deciding(examine, Subject("signal", what)):
        if samples.empty:
            if isinstance(matched, Known):
                matched.require()
            raise Undecided(f"no process tells its {what} now")
    for series in samples:
        with deciding(examine, _subject(series, what)):
            decide(series)


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
