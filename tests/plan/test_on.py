"""Which target a row is about: what `on` names, else the only one of the kind that a check asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from opsproof.model.failure import NotConfigured
from opsproof.model.limits import Limits
from opsproof.model.units import Count, Duration
from opsproof.plan.planned import Planned
from opsproof.sources.prometheus.facts import PromQL
from opsproof.sources.redis.facts import RedisProbes
from tests.plan.planning import made, planned, problems, runbook


class CacheLimits(Limits):
    probes: Count = Count(1)
    spacing: Duration = Duration(0)


def check_cache(cache: Annotated[Any, RedisProbes()], limits: CacheLimits, examine: Any) -> None:
    """It is slow."""


def check_both(
    cache: Annotated[Any, RedisProbes()], up: Annotated[Any, PromQL("up")], limits: CacheLimits, examine: Any
) -> None:
    """It is slow."""


CACHE, BOTH = made("shop/cache", check_cache), made("shop/both", check_both)
ONE = "environment: production\ntargets:\n  sessions: {kind: redis, host: sessions}\n"
TWO = ONE + "  broker: {kind: redis, host: broker}\n  prometheus: {url: 'http://127.0.0.1:9090'}\n"


def plan(folder: Path, row: str, production: str = TWO) -> Planned:
    return planned(folder, CACHE, BOTH, production=production, runbook=runbook(SH1=row))


def asked(made: Planned) -> list[str]:
    assert problems(made) == []
    return [ask.target for item in made.items for ask in item.all_asks]


def test_the_only_target_of_the_kind_needs_no_name(tmp_path: Path) -> None:
    """Whatever role it has."""
    assert asked(plan(tmp_path, "checks: [shop/cache]", ONE)) == ["redis:sessions:6379"]


@pytest.mark.parametrize("role", ["broker", "sessions"])
def test_of_two_the_row_names_one(tmp_path: Path, role: str) -> None:
    assert asked(plan(tmp_path, f"checks: [shop/cache], on: {role}")) == [f"redis:{role}:6379"]


def test_a_row_may_name_one_of_each_kind(tmp_path: Path) -> None:
    """And leave out a kind of which there is only one."""
    both = ["redis:broker:6379", "prometheus:http://127.0.0.1:9090"]
    assert asked(plan(tmp_path, "checks: [shop/both], on: [prometheus, broker]")) == both
    assert asked(plan(tmp_path, "checks: [shop/both], on: broker")) == both


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            "checks: [shop/cache]",
            "2:43: SH-1: shop/production has 2 targets of kind redis; say which one is meant: on: sessions or on: broker",
        ),
        (
            "checks: [shop/both], on: prometheus",
            "2:60: SH-1: shop/production has 2 targets of kind redis; say which one is meant: on: sessions or on: broker",
        ),
        (
            "checks: [shop/cache], on: [sessions, broker]",
            "2:61: SH-1: on names 2 targets of kind redis; make a row of each: on: sessions or on: broker",
        ),
        (
            "checks: [shop/cache], on: [broker, prometheus]",
            "2:70: SH-1: on names prometheus, of kind prometheus, which none of its checks asks; they ask: redis",
        ),
        ("checks: [shop/cache], on: [broker, broker]", "2:70: target 'broker' is listed twice"),
    ],
)  # fmt: skip
def test_what_leaves_open_which_is_meant_is_a_problem(tmp_path: Path, row: str, problem: str) -> None:
    """With its place and the roles to choose from; nothing is chosen for the team."""
    assert problems(plan(tmp_path, row)) == [f"runbook.yaml:{problem}"]


def test_a_role_that_the_environment_lacks_is_never_another_target(tmp_path: Path) -> None:
    """Undecidable, with the key to add: the only other cache must not stand in for it."""
    staging = "environment: staging\ntargets:\n  session: {kind: redis, host: session}\n"
    made = planned(
        tmp_path, CACHE, env=("shop/production",), production=ONE, staging=staging,
        runbook=runbook(SH1="checks: [shop/cache], on: session"),
    )  # fmt: skip
    (item,) = made.items
    assert (problems(made), item.all_asks) == ([], ())
    assert isinstance(item.undecidable, NotConfigured)
    assert item.undecidable.message == (
        "targets.session is not set; add it to checks/systems/shop/environments/production.yaml"
        " (did you mean 'sessions'?)"
    )


def test_a_role_that_no_environment_has_is_a_problem(tmp_path: Path) -> None:
    """Where all environments are read: a run reads only its own."""
    (found,) = problems(plan(tmp_path, "checks: [shop/cache], on: brokr"))
    assert found == (
        "runbook.yaml:2:61: unknown target 'brokr'; did you mean 'broker'? allowed: broker, prometheus, sessions"
    )
