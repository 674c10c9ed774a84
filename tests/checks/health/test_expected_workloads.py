"""What an environment says must exist reaches the checks that miss it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.health.check_pods_ready import check_pods_ready
from checks.health.check_workloads_available import check_workloads_available
from opsproof.environment.context import EnvironmentContext
from opsproof.environment.environment import Environment
from opsproof.environment.names import Names
from opsproof.examine.check import Check

DECLARED = ("deployment/api", "statefulset/db")


def given(check: Check, **names: object) -> object:
    environment = Environment("production", "shop", Path("production.yaml"), names=Names(names, {}))
    return check.sources["expected"].assemble((), EnvironmentContext(environment, check.limits()))


@pytest.mark.parametrize("check", [check_workloads_available, check_pods_ready], ids=lambda one: one.name)
def test_names_of_the_environment_are_not_taken_for_limits(check: Check) -> None:
    """Fields of the limits come before names: the name must not be one of them."""
    assert DECLARED == given(check, expected_workloads=list(DECLARED))
    assert () == given(check)
