"""Which of the listed things a row means."""

from __future__ import annotations

import pytest

from opsproof.model.failure import Forbidden
from opsproof.sources.kubernetes.reading.choice import absent, matching, named, reference, referred
from tests.checks.cluster import REFUSED, cron_job, daemon_set, deployment, listing, pod, service


def test_references_are_kind_and_name() -> None:
    assert [reference(one) for one in (deployment(), daemon_set(), cron_job(), service())] == [
        "deployment/api",
        "daemonset/agent",
        "cronjob/cleanup",
        "service/api",
    ]


def test_no_names_mean_everything() -> None:
    api = deployment()
    assert named(listing(api), ()) == ([api], [])


def test_names_are_found_or_missing() -> None:
    api = deployment()
    assert named(listing(api), ["deployment/api", "statefulset/api"]) == ([api], ["statefulset/api"])


def test_what_is_not_seen_may_be_where_nobody_could_look() -> None:
    assert absent(listing(), "deployment/api") == "there is no deployment/api"
    with pytest.raises(Forbidden):
        absent(listing(gaps=[REFUSED]), "deployment/api")


def test_a_selector_keeps_the_gaps() -> None:
    chosen = matching(listing(pod("a", of="api"), pod("b", of="web"), gaps=[REFUSED]), "app!=web")
    assert [one.name for one in chosen] == ["a"]
    assert [gap.scope.name for gap in chosen.gaps] == ["dark"]


def test_the_subject_of_what_is_missing() -> None:
    assert str(referred("deployment/api")) == "deployment api"
    assert str(referred("api")) == "workload api"
