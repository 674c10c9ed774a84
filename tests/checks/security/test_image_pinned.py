"""security/image-pinned on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.security.check_image_pinned import ImageLimits, check_images_pinned
from opsproof import Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.reading.templates import Templated
from tests.checks.cluster import (
    condition,
    container,
    cron_job,
    deployment,
    examination,
    job,
    listing,
    pod,
    template,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4


def running(image: str, **spec: Any) -> Templated:
    return deployment(spec={"template": template(containers=[container(image=image)], **spec)})


def examined(*templates: Templated, pods: tuple[Pod, ...] = (), **limits: Any) -> Examination:
    examine = examination()
    check_images_pinned(listing(*templates), listing(*pods), ImageLimits(**limits), examine)
    return examine


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        ("reg.example.com/app:1.2.3", ""),
        (f"reg.example.com/app@{DIGEST}", ""),
        (f"reg.example.com/app:latest@{DIGEST}", ""),
        ("reg.example.com/app:latest", "has the tag latest, which moves"),
        ("reg:5000/app", "has no tag, which means latest"),
        ("reg:5000/app:latest", "has the tag latest, which moves"),
        ("reg:5000/app:1", ""),
        ("nginx", "has no tag, which means latest"),
        ("nginx:stable", "has the tag stable, which moves"),
        ("reg.example.com/APP:1", "is not an image reference"),
    ],
)
def test_what_moves_is_not_pinned(image: str, fault: str) -> None:
    examine = examined(running(image))
    assert bool(examine.passed) is not bool(fault)
    if fault:
        (finding,) = examine.findings
        assert finding.outcome is Outcome.FAIL
        assert finding.message.startswith("container app: ")
        assert fault in finding.message
        assert (str(finding.subject), finding.measured.text) == ("deployment shop/api", image)


def test_a_digest_may_be_demanded() -> None:
    assert examined(running("reg.example.com/app:1.2.3"), digest=True).findings[0].message == (
        "container app: reg.example.com/app:1.2.3 has no digest"
    )
    assert examined(running(f"reg.example.com/app@{DIGEST}"), digest=True).passed == 1


@pytest.mark.parametrize(
    ("image", "allowed"),
    [
        ("reg.example.com/team/app:1", True),
        ("reg.example.com/teammate/app:1", False),
        ("reg.example.com:5000/team/app:1", False),
        ("app:1", False),
        ("evil.example/reg.example.com/team/app:1", False),
    ],
)
def test_only_allowed_registries(image: str, allowed: bool) -> None:
    examine = examined(running(image), registries=("reg.example.com/team",))
    assert bool(examine.passed) is allowed


def test_the_default_registry_must_be_allowed_by_name() -> None:
    (finding,) = examined(running("accelerapp:1.0"), registries=("reg.example.com",)).findings
    assert finding.message == "container app: accelerapp:1.0 is from docker.io, allowed: reg.example.com"


def test_cron_jobs_and_jobs_are_looked_at_and_finished_ones_are_not() -> None:
    loose = [container(image="log-cleaner:latest")]
    (finding,) = examined(cron_job(containers=loose)).findings
    assert str(finding.subject) == "cronjob shop/cleanup"
    unfinished = job(spec={"template": template(containers=loose)})
    assert examined(unfinished).findings
    done = job(spec={"template": template(containers=loose)}, conditions=[condition("Complete", True)])
    assert examined(done).nothing_examined
    by_schedule = job(
        "cleanup-29000000", owner="CronJob/cleanup", spec={"template": template(containers=loose)}
    )
    assert examined(by_schedule).nothing_examined


def test_init_containers_and_bare_pods_are_looked_at() -> None:
    init = running("reg.example.com/app:1", initContainers=[container("migrate", image="migrate")])
    assert examined(init).findings[0].message == "container migrate: migrate has no tag, which means latest"
    bare = pod("bare", of="", spec={"containers": [container(image="debug:latest")]})
    assert str(examined(pods=(bare,)).findings[0].subject) == "pod shop/bare"


def test_a_pod_that_still_runs_another_image_counts() -> None:
    old = pod(spec={"containers": [container(image="reg.example.com/app:latest")]})
    assert examined(running("reg.example.com/app:1.2.3"), pods=(old,)).findings
