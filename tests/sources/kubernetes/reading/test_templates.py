"""What is declared to run."""

from __future__ import annotations

from opsproof.sources.kubernetes.reading.templates import declared
from tests.checks.cluster import ago, condition, container, cron_job, deployment, job, meta, pod


def test_a_workload_speaks_for_its_pods_and_a_cron_job_for_its_jobs() -> None:
    by_schedule = job("cleanup-29000000", owner="CronJob/cleanup")
    its_pod = pod("cleanup-29000000-x", metadata=meta("cleanup-29000000-x", owner="Job/cleanup-29000000"))
    found = list(declared([deployment(), cron_job(), by_schedule], [pod(), its_pod, pod("bare", of="")]))
    assert [(one.reference, len(one.pods)) for one in found] == [
        ("deployment/api", 1),
        ("cronjob/cleanup", 1),
        ("pod/bare", 1),
    ]


def test_finished_jobs_and_pods_run_no_more() -> None:
    done = job(conditions=[condition("Complete", True)])
    assert not list(declared([done], [pod("bare", of="", phase="Succeeded")]))


def test_the_newest_pod_shows_what_admission_added() -> None:
    old = pod("old", metadata={"creationTimestamp": ago(90)}, spec={"containers": [container(image="a:1")]})
    new = pod("new", metadata={"creationTimestamp": ago(5)}, spec={"containers": [container(image="a:2")]})
    (one,) = declared([deployment()], [new, old])
    assert one.as_admitted(one.spec.containers[0]).image == "a:2"
