"""capacity/process-memory on plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from checks.capacity.check_process_memory import ProcessLimits, check_process_memory
from opsproof import Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import Known
from tests.checks.measured import EMPTY, examination, instant, only, unknown

Mi = 2.0**20
EVER, NEVER = Known(selector="rss", labels=("pod",)), Known(selector="rsss", hint="the nearest is rss")
PODS = ("api-7d9f8c6b5-x2x4z", "api-7d9f8c6b5-aaaaa")


def of(*values: float | str, pods: Sequence[str] = PODS, job: str = "api") -> Samples:
    names = list(pods[: len(values)])
    each = {"job": [job] * len(names), "namespace": ["shop"] * len(names), "pod": names}
    return instant(*values, instance=[f"{name}:80" for name in names], **each)


def examined(
    held: Samples | None = None, opened: Samples | None = None, most: Samples | None = None, *,
    targets: Samples | None = None, ever: Any = EVER, **limits: Any,
) -> Examination:  # fmt: skip
    examine = examination()
    up = of(1, 1) if targets is None else targets
    check_process_memory(up, held, opened, most, ever, ever, ProcessLimits(**limits), examine)
    return examine


def memory(*values: float | str, **more: Any) -> Examination:
    return examined(of(*(float(one) * Mi for one in values)), resident="500Mi", **more)


def test_processes_within_their_memory_are_compliant() -> None:
    assert memory(500, 20).passed == 2


def test_a_process_that_holds_too_much_fails() -> None:
    finding = only(memory(501, 20))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, f"process shop/api/{PODS[0]}")
    assert finding.message == "holds 501Mi of memory; needed: at most 500Mi"
    assert finding.subject.key == "api/api/memory"


def test_open_files_are_a_share_of_what_the_process_may_open() -> None:
    assert examined(None, of(819, 10), of(1024, 1024), open_files="80%").passed == 2
    finding = only(examined(None, of(900, 10), of(1024, 1024), open_files="80%"))
    assert finding.message == "900 files are open, 87.89 % of what it may; needed: at most 80 %"


@pytest.mark.parametrize("most", [of(0, 1024), of(-1, 1024), of("NaN", 1024), of(1024, pods=PODS[1:])])
def test_without_the_number_that_it_may_open_nothing_is_decided(most: Samples) -> None:
    finding = only(examined(None, of(900, 10), most, open_files="80%"))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, "how many files it may open is not told")


def test_memory_that_is_no_number_is_undecided() -> None:
    assert only(memory("NaN", 20)).outcome is Outcome.UNKNOWN


def test_nothing_told_is_undecided() -> None:
    assert only(examined(EMPTY, targets=EMPTY, resident="500Mi")).message == "no process tells its memory now"
    never = examined(EMPTY, targets=EMPTY, resident="500Mi", ever=NEVER)
    assert only(never).message == "no series match rsss: the nearest is rss"


def test_a_target_that_tells_nothing_of_its_process_is_set_aside_by_name() -> None:
    examine = memory(20)
    assert (examine.passed, examine.findings) == (1, [])
    assert examine.excluded[0].why == "its target tells nothing of its memory"
    assert examine.excluded[0].examples == (f"process shop/api/{PODS[1]}",)


def test_where_the_row_wants_its_job_it_is_undecided() -> None:
    """A Python server of several processes tells nothing of itself."""
    finding = only(memory(20, jobs=("api",)))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, "its target tells nothing of its memory")
    down = only(memory(20, jobs=("api",), targets=of(1, 0)))
    assert down.message == "its target is down"


def test_a_job_without_a_target_is_undecided() -> None:
    (finding,) = unknown(memory(20, 20, jobs=("worker",)))
    assert finding.message == "Prometheus has no target of job worker"


def test_a_row_has_to_ask_something() -> None:
    with pytest.raises(ValidationError, match="write `resident`, `open_files` or both"):
        ProcessLimits()
