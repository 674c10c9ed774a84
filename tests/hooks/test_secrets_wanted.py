"""A secret is demanded by the rows that are selected, and by no others."""

from __future__ import annotations

import pytest

from tests.hooks.inside import Inside
from tests.hooks.team import RUNBOOK

UP = """
from typing import Annotated, Any
from opsproof import LOW, check
from opsproof.sources.prometheus.facts import PromQL

@check("shop/up", title="It is up", level=LOW)
def check_up(up: Annotated[Any, PromQL("up")], examine: Any) -> None:
    \"\"\"It is down.\"\"\"
    with examine("up"):
        assert up
"""
ROW = """
  SH-005:
    says: The shop is up
    checks: [shop/up]
    cadence: [monthly]
    level: low
"""
LACKS = "targets.prometheus.token: environment variable SHOP_NO_SUCH_TOKEN is not set"


@pytest.fixture
def watched(inside: Inside) -> Inside:
    """A team whose Prometheus wants a token that is not there."""
    inside.team.write("checks/shop/check_up.py", UP)
    inside.team.write("checks/systems/shop/runbook.yaml", RUNBOOK + ROW)
    file = inside.team.environment("production", inside.shop.url)
    prometheus = f"{{url: '{inside.shop.url}', token: {{env: SHOP_NO_SUCH_TOKEN}}}}"
    file.write_text(file.read_text().replace("  http: {}\n", f"  http: {{}}\n  prometheus: {prometheus}\n"))
    return inside


def test_a_selection_that_does_not_need_it_is_decided(watched: Inside) -> None:
    done = watched.run("checks", "-m", "daily")
    assert done.ret == 0, done.stdout.str() + done.stderr.str()
    assert watched.outcomes == {"SH-001": "pass", "SH-002": "pass"}


def refused(status: int, output: str, watched: Inside) -> None:
    """With exit status 4 and its place, before anything is asked; no run is left behind."""
    assert status == 4, output
    assert "checks/systems/shop/environments/production.yaml:4:" in output
    assert LACKS in " ".join(output.split())
    assert watched.shop.seen == []
    assert not (watched.team.folder / "reports").exists()


@pytest.mark.parametrize("words", [("-k", "SH-005"), ("-m", "monthly")])
def test_a_selection_that_needs_it_is_refused(watched: Inside, words: tuple[str, ...]) -> None:
    done = watched.run("checks", *words)
    refused(int(done.ret), done.stdout.str() + done.stderr.str(), watched)


@pytest.mark.slow
def test_it_is_refused_with_workers(watched: Inside) -> None:
    done = watched.team.run("checks", "-m", "monthly", "-n", "1")
    refused(done.returncode, done.stdout + done.stderr, watched)


def test_validate_demands_it_where_an_environment_is_named(watched: Inside) -> None:
    assert watched.opsproof("validate").returncode == 0
    named = watched.opsproof("validate", "--env", "production")
    assert named.returncode == 4
    assert named.stdout.strip().endswith(LACKS)


def test_validate_lists_where_secrets_go(watched: Inside) -> None:
    host = watched.shop.url.removeprefix("http://")
    listed = watched.opsproof("validate").stdout.splitlines()
    assert listed[1:] == [
        f"secret: environment variable SHOP_NO_SUCH_TOKEN -> {host} (shop/production targets.prometheus.token)"
    ]


def test_identify_needs_no_runbook(watched: Inside) -> None:
    """A mistake in the rows is none of the targets; one of a target is."""
    watched.team.write("checks/systems/shop/runbook.yaml", "requirements: [\n")
    refused = watched.opsproof("identify", "--env", "shop/production")
    assert (refused.returncode, LACKS in refused.stderr, "runbook.yaml" in refused.stderr) == (1, True, False)
    watched.team.environment("production", watched.shop.url)
    answered = watched.opsproof("identify", "--env", "shop/production")
    assert "targets:" in answered.stdout
    assert "runbook.yaml" not in answered.stdout + answered.stderr
