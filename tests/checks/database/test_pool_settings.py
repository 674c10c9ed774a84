"""database/pool-settings on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.database.check_pool_settings import PoolLimits, check_pool_settings
from opsproof import Examination, Listing
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.config_values import ConfigValues
from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.postgres.facts import Sessions
from tests.checks.cluster import autoscaler, deployment, listing
from tests.checks.database.told import outcomes, told
from tests.checks.measured import examination

KEYS = {"pool_size": "SIZE", "max_overflow": "OVERFLOW", "echo": "ECHO"}
POOL = {"SIZE": "20", "OVERFLOW": "30", "ECHO": "False"}
SESSIONS = Sessions(role="postgres", user="opsproof", complete=True, used=9, max_connections=703, reserved=3)


def config(**data: str) -> Listing[ConfigValues]:
    return listing(ConfigValues(metadata=Meta(name="api-config", namespace="shop"), data=data))


def decided(found: Listing[ConfigValues], **limits: Any) -> Examination:
    examine = examination()
    given = PoolLimits(**{"config": "shop/api-config", "keys": KEYS, **limits})
    check_pool_settings(found, None, None, None, given, examine)
    return examine


def summed(
    scalers: tuple[Autoscaler, ...] = (autoscaler(),),
    sessions: Sessions | Failure = SESSIONS,
    data: dict[str, str] = POOL,
    **limits: Any,
) -> Examination:
    examine = examination()
    wanted = {"config": "shop/api-config", "keys": KEYS, "workload": "deployment/api", "highest": "80%"}
    given = PoolLimits(**{**wanted, **limits})
    check_pool_settings(config(**data), listing(*scalers), listing(deployment()), sessions, given, examine)
    return examine


def test_the_stated_settings_pass_however_truth_is_written() -> None:
    examine = decided(config(**{**POOL, "ECHO": "0"}), settings={"pool_size": "20", "echo": "False"})
    assert (outcomes(examine), examine.passed) == ([], 2)


def test_another_value_fails() -> None:
    found = told(decided(config(**{**POOL, "SIZE": "50"}), settings={"pool_size": "20"}))
    assert found == [("fail", "pool setting pool_size", "50; needed 20")]


@pytest.mark.parametrize(
    ("found", "name", "said"),
    [
        (listing(), "echo", "there is no ConfigMap shop/api-config"),
        (config(SIZE="20"), "echo", "the ConfigMap shop/api-config has no key ECHO"),
        (config(**POOL), "pool_recycle", "scope.keys names no key of pool_recycle"),
    ],
)
def test_what_is_not_said_is_not_known(found: Listing[ConfigValues], name: str, said: str) -> None:
    assert told(decided(found, settings={name: "1"})) == [("unknown", f"pool setting {name}", said)]


def test_all_pools_at_the_most_replicas_fit_the_server() -> None:
    examine = summed(others=60)  # 560 of 700
    assert (outcomes(examine), examine.passed) == ([], 1)
    (found,) = told(summed(others=61))
    assert found == (
        "fail",
        "deployment shop/api",
        "10 replicas x 1 processes x (20 + 30) and 61 others may take 561 of 700 sessions",
    )


def test_each_process_has_a_pool_of_its_own() -> None:
    assert outcomes(summed(processes=2)) == ["fail"]


def test_without_an_autoscaler_the_replicas_count_that_it_has() -> None:
    assert outcomes(summed((), processes=3, others=0)) == []  # 450 of 700
    assert outcomes(summed((), processes=4, others=0)) == ["fail"]


@pytest.mark.parametrize("pool", [{"SIZE": "0"}, {"OVERFLOW": "-1"}])
def test_a_pool_without_limit_fits_no_server(pool: dict[str, str]) -> None:
    (found,) = summed(data={**POOL, **pool}).findings
    assert (found.outcome.value, found.measured.text) == ("fail", "no limit")


@pytest.mark.parametrize("data", [{"SIZE": "many", "OVERFLOW": "30"}, {"SIZE": "20"}])
def test_sizes_that_are_no_numbers_decide_nothing(data: dict[str, str]) -> None:
    assert outcomes(summed(data=data)) == ["unknown"]


def test_what_is_not_there_decides_nothing() -> None:
    assert outcomes(summed(workload="deployment/none")) == ["unknown"]
    assert outcomes(summed(sessions=Failure("Unreachable", "connection refused", "postgres:x"))) == [
        "unknown"
    ]
    full = msgspec.structs.replace(SESSIONS, full=True, max_connections=0, reserved=0)
    assert outcomes(summed(sessions=full)) == ["unknown"]
