"""A secret is demanded by the rows that are selected, and by no others."""

from __future__ import annotations

import pytest

from tests.hooks.team import RUNBOOK, Shop, Team

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
def watched(team: Team, shop: Shop) -> Team:
    """A team whose Prometheus wants a token that is not there."""
    team.write("checks/shop/check_up.py", UP)
    team.write("checks/systems/shop/runbook.yaml", RUNBOOK + ROW)
    file = team.environment("production", shop.url)
    prometheus = f"{{url: '{shop.url}', token: {{env: SHOP_NO_SUCH_TOKEN}}}}"
    file.write_text(file.read_text().replace("  http: {}\n", f"  http: {{}}\n  prometheus: {prometheus}\n"))
    return team


def test_a_selection_that_does_not_need_it_is_decided(watched: Team) -> None:
    done = watched.run("checks", "-m", "daily")
    assert done.returncode == 0, done.stdout + done.stderr
    assert watched.outcomes() == {"SH-001": "pass", "SH-002": "pass"}


@pytest.mark.parametrize("words", [("-k", "SH-005"), ("-m", "monthly"), ("-m", "monthly", "-n", "1")])
def test_a_selection_that_needs_it_is_refused(watched: Team, shop: Shop, words: tuple[str, ...]) -> None:
    """With exit status 4 and its place, before anything is asked; no run is left behind."""
    done = watched.run("checks", *words)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "checks/systems/shop/environments/production.yaml:4:" in done.stdout + done.stderr
    assert LACKS in " ".join((done.stdout + done.stderr).split())
    assert shop.seen == []
    assert not (watched.folder / "reports").exists()


def test_validate_demands_it_where_an_environment_is_named(watched: Team) -> None:
    assert watched.opsproof("validate").returncode == 0
    named = watched.opsproof("validate", "--env", "production")
    assert named.returncode == 4
    assert named.stdout.strip().endswith(LACKS)


def test_validate_lists_where_secrets_go(watched: Team, shop: Shop) -> None:
    host = shop.url.removeprefix("http://")
    listed = watched.opsproof("validate").stdout.splitlines()
    assert listed[1:] == [
        f"secret: environment variable SHOP_NO_SUCH_TOKEN -> {host} (shop/production targets.prometheus.token)"
    ]


def test_identify_needs_no_runbook(watched: Team, shop: Shop) -> None:
    """A mistake in the rows is none of the targets; one of a target is."""
    watched.write("checks/systems/shop/runbook.yaml", "requirements: [\n")
    refused = watched.opsproof("identify", "--env", "shop/production")
    assert (refused.returncode, LACKS in refused.stderr, "runbook.yaml" in refused.stderr) == (1, True, False)
    watched.environment("production", shop.url)
    answered = watched.opsproof("identify", "--env", "shop/production")
    assert "targets:" in answered.stdout
    assert "runbook.yaml" not in answered.stdout + answered.stderr
