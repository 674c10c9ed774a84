"""database/cpu on plain facts: what differs from capacity/pod-cpu."""

from __future__ import annotations

from typing import Any

import pytest

from checks.database.check_cpu import DatabaseCpuLimits, check_database_cpu
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import Known
from tests.checks.measured import EMPTY, GAP, RECORDED, examination, instant, only, over

EVER = Known(selector="cpu", labels=("pod",))
NEVER = Known(selector="cqu", hint="the nearest is cpu")


def used(*course: float | str | None, pod: str = "postgres-0") -> Samples:
    return over(600, course, namespace=["shop"], pod=[pod], container=["postgres"])


def limit(value: float, pod: str = "postgres-0") -> Samples:
    return instant(value, namespace=["shop"], pod=[pod], container=["postgres"])


def cores(value: float, pod: str = "postgres-0") -> Samples:
    return instant(value, namespace=["shop"], pod=[pod])


def examined(
    use: Samples, most: Samples | None = None, of_node: Any = EMPTY, *, recording: Samples = RECORDED,
    ever: Any = EVER, limits_ever: Any = EVER, **limits: Any,
) -> Examination:  # fmt: skip
    examine = examination()
    given = DatabaseCpuLimits(**{"highest": "80%", "sustained": "10m", **limits})
    check_database_cpu(
        use, limit(1) if most is None else most, of_node, recording, ever, limits_ever, given, examine
    )
    return examine


def test_a_database_below_its_limit_is_compliant() -> None:
    assert examined(used(0.9, 0.7, 0.9)).passed == 1


def test_one_that_is_busy_all_the_time_fails() -> None:
    finding = only(examined(used(0.9, 0.85, 0.95), of_node=cores(64)))
    assert finding.outcome is Outcome.FAIL
    assert finding.message == (
        "uses 95 % of its CPU limit, in the last 10m never below 85 %; at most 80 % allowed"
    )


def test_without_a_limit_it_is_the_whole_node() -> None:
    assert examined(used(0.9), limit(1, "other-0"), cores(4)).passed == 1
    finding = only(examined(used(3.9), limit(1, "other-0"), cores(4)))
    assert finding.message.startswith("uses 97.5 % of its node's CPU")
    assert only(examined(used(3.9), None, cores(4), base="node")).message.startswith(
        "uses 97.5 % of its node's"
    )


@pytest.mark.parametrize(
    "of_node", [EMPTY, cores(4, "other-0"), Failure("NotConfigured", "metrics.pod_info is not set")]
)
def test_with_neither_it_is_undecided(of_node: Any) -> None:
    """Elsewhere such a container is set aside: of a database each has to be decided."""
    finding = only(examined(used(0.9), limit(1, "other-0"), of_node))
    assert (finding.outcome, str(finding.subject)) == (Outcome.UNKNOWN, "container shop/postgres-0/postgres")
    assert finding.message == "no CPU limit is told of it, nor of its node"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"use": EMPTY}, "no container of the database is measured now"),
        ({"use": EMPTY, "ever": NEVER}, "no series match cqu: the nearest is cpu"),
        ({"most": EMPTY}, "Prometheus has no CPU limits of containers now"),
        ({"most": EMPTY, "limits_ever": NEVER}, "no series match cqu: the nearest is cpu"),
        ({"recording": GAP}, "a gap in the recording*"),
        ({"use": used(0.1, None, None, 0.1)}, "data for *"),
        ({"use": used(0.1, "NaN")}, "Prometheus answers NaN*"),
    ],
)  # fmt: skip
def test_what_is_not_told_is_undecided(given: dict[str, Any], why: str) -> None:
    """Limits that are all gone would make each container one without a limit, on a large node."""
    finding = only(examined(**{"use": used(0.1), "of_node": cores(64), **given}))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith(why.strip("*"))
