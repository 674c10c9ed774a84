"""health/jobs-succeeded on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.health.check_jobs_succeeded import ManualJobLimits, check_jobs_succeeded
from opsproof import HIGH, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.workloads import Job
from tests.checks.cluster import TOO_MANY, ago, condition, cron_job, examination, listing, meta

ANNOTATION = "cronjob.kubernetes.io/instantiate"


def examined(*jobs: Job, cron: Any = None, deadline: str = "1h") -> Examination:
    examine = examination(HIGH)
    limits = ManualJobLimits(cron_jobs=("cronjob/scan",), deadline=deadline)
    crons = [cron_job("scan")] if cron is None else cron
    check_jobs_succeeded(listing(*crons), listing(*jobs), limits, examine)
    return examine


def manual(
    name: str = "scan-1",
    *,
    began: float = 60,
    took: float | None = 10,
    well: bool = True,
    how: str = "manual",
    spec: dict[str, Any] | None = None,
) -> Job:
    """`took` None: it still runs."""
    made = meta(name, age=began, annotations={ANNOTATION: how})
    made["ownerReferences"] = [{"kind": "CronJob", "name": "scan"}]
    status: dict[str, Any] = {"startTime": ago(began)}
    if took is not None:
        end = condition(
            "Complete" if well else "Failed", True, age=began - took, reason="" if well else TOO_MANY
        )
        status["conditions"] = [end]
    return msgspec.convert({"metadata": made, "spec": spec or {}, "status": status}, Job)


def test_a_complete_one_passes() -> None:
    assert examined(manual()).passed == 2


def test_a_failed_one_fails() -> None:
    (finding,) = examined(manual(well=False)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, f"it failed ({TOO_MANY})")


def test_the_newest_finished_one_decides() -> None:
    assert examined(manual("old", began=600, well=False), manual("new")).findings == []
    (finding,) = examined(manual("old", began=600), manual("new", well=False)).findings
    assert finding.subject.name == "new"


def test_created_is_not_done() -> None:
    """Until its deadline nobody knows, and then it is late."""
    (finding,) = examined(manual(began=30, took=None)).findings
    assert (finding.outcome, finding.message) == (
        Outcome.UNKNOWN,
        "it is not complete, and no other one has ended: wait for its end",
    )
    (finding,) = examined(manual(began=90, took=None)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "it is not complete; 1h allowed")


def test_one_that_runs_beside_one_that_ended_well_is_in_transition() -> None:
    examine = examined(manual("old", began=600), manual("new", began=5, took=None))
    assert [(one.subject.name, one.in_transition) for one in examine.findings] == [("new", True)]


def test_its_own_deadline_comes_first() -> None:
    own = {"activeDeadlineSeconds": 600}
    assert examined(manual(began=30, took=None, spec=own)).findings[0].outcome is Outcome.FAIL


def test_a_run_under_way_does_not_hide_the_last_failure() -> None:
    found = examined(manual("old", began=60, well=False), manual("new", began=5, took=None)).findings
    assert {one.outcome for one in found if not one.in_transition} == {Outcome.FAIL}


def test_one_that_took_too_long_fails() -> None:
    (finding,) = examined(manual(began=300, took=120)).findings
    assert finding.message == "it took 2h; 1h allowed"


def test_a_suspended_job_never_begins() -> None:
    (finding,) = examined(manual(took=None, spec={"suspend": True})).findings
    assert finding.message == "it was created, and is suspended"


def test_scheduled_runs_are_not_made_by_hand() -> None:
    (finding,) = examined(manual(how="")).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "no Job was made from cronjob/scan by hand: nobody knows that one ends well"


def test_a_suspended_cron_job_fails() -> None:
    (finding,) = examined(manual(), cron=[cron_job("scan", suspend=True)]).findings
    assert finding.message == "it is suspended"


def test_without_the_cron_job_nothing_can_be_started() -> None:
    (finding,) = examined(cron=[]).findings
    assert finding.message == "there is no cronjob/scan"


def test_a_row_without_a_cron_job_is_refused() -> None:
    with pytest.raises(ValueError, match="name at least one CronJob"):
        ManualJobLimits(cron_jobs=())
