"""What is wrong with a row and can be known without any server is a problem of the plan, with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from opsproof.examine.beside import Beside
from opsproof.examine.check import Check
from opsproof.examine.declared import Declared
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.limits import AtMost, Limits
from opsproof.model.units import Count, Duration, Percent
from opsproof.plan.planned import Planned
from opsproof.sources.http.facts import Endpoints
from opsproof.sources.prometheus.facts import PromQL
from tests.environment.files import SYSTEM
from tests.plan.planning import made, planned, problems, runbook

PRODUCTION = """
environment: production
targets:
  http: {budget: {deadline: 30s}}
  prometheus: {url: "http://127.0.0.1:9090"}
names: {api_url: "https://shop.example.com"}
"""


def plan(folder: Path, check: Check, row: str = "", **more: str) -> Planned:
    rows = runbook(SH1=f"checks: [{check.name}]{row}")
    return planned(folder, check, runbook=rows, **{"production": PRODUCTION, **more})


def queried(query: str, **more: Any) -> Check:
    """A check with one query, and another one beside it."""

    def check_it(found: Annotated[Any, PromQL(query, **more)], examine: Any) -> None:
        """r"""

    check_it.__annotations__ = {"found": Annotated[Any, PromQL(query, **more)], "examine": Any}
    return made("shop/it", check_it)


def beside(query: str) -> Check:
    def check_it(found: Any, examine: Any) -> None:
        """r"""

    check_it.__annotations__ = {"found": Annotated[Any, Beside(PromQL(query))], "examine": Any}
    return made("shop/it", check_it)


HINT = "did you mean 'http_requests'? else add it under metrics or names of system.yaml"


@pytest.mark.parametrize("check", [queried("rate(${http_request}[5m])"), beside("rate(${http_request}[5m])")])
def test_a_metric_that_nobody_declares_is_a_problem(tmp_path: Path, check: Check) -> None:
    """Also in a query without which the check would go on."""
    assert problems(plan(tmp_path, check)) == [
        f"runbook.yaml:2:44: SH-1: shop/it: http_request is not declared; {HINT}"
    ]


def test_a_metric_that_is_declared_and_not_set_leaves_the_row_undecided(tmp_path: Path) -> None:
    """The environment's owner decides that: no mistake of the files."""
    system = SYSTEM + "  http_errors: null\n"
    made = plan(tmp_path, queried("rate(${http_errors}[5m])"), system=system)
    assert problems(made) == []
    assert isinstance(made.items[0].undecidable, NotConfigured)


def test_an_optional_name_need_not_be_declared(tmp_path: Path) -> None:
    def check_it(relations: Annotated[Any, Declared("relations", optional=True)], examine: Any) -> None:
        """r"""

    assert problems(plan(tmp_path, made("shop/it", check_it))) == []


@pytest.mark.parametrize(
    "query", ["rate(${http_requests}[5m]", "sum(${http_requests}) by by (a)", "${http_requests}[5x]"]
)
@pytest.mark.parametrize("kind", [queried, beside])
def test_a_query_that_is_no_promql_is_a_problem(tmp_path: Path, query: str, kind: Any) -> None:
    """As it would be sent, so that a broken metric of the environment is found, too."""
    (found,) = problems(plan(tmp_path, kind(query)))
    assert found.startswith("runbook.yaml:2:44: SH-1: shop/it: '")
    assert "http_requests_total{namespace=~" in found
    assert " is no PromQL: " in found


def test_a_query_that_is_not_asked_is_not_read(tmp_path: Path) -> None:
    class Quiet(Limits):
        live: bool = False

    def check_it(found: Annotated[Any, PromQL("rate(", when="live")], limits: Quiet, examine: Any) -> None:
        """r"""

    check_it.__annotations__["limits"] = Quiet
    check_it.__annotations__["found"] = Annotated[Any, PromQL("rate(", when="live")]
    check_it.__annotations__["examine"] = Any
    assert problems(plan(tmp_path, made("shop/it", check_it))) == []


class PageLimits(Limits):
    probes: Count = Count(3)
    spacing: Duration = Duration(1)
    urls: tuple[str, ...] = ("https://shop.example.com/",)


def check_pages(pages: Annotated[Any, Endpoints()], limits: PageLimits, examine: Any) -> None:
    """r"""


def test_probes_that_do_not_fit_the_deadline_are_refused(tmp_path: Path) -> None:
    """With both numbers: the last of them would never be made, and a healthy server fail."""
    found = problems(plan(tmp_path, made("shop/pages", check_pages), ", limits: {probes: 4, spacing: 10s}"))
    assert found == [
        "runbook.yaml:2:86: SH-1: its probes are spread over 30s, and the deadline of targets.http is 30s; "
        "fewer or closer probes, or a longer targets.http.budget.deadline"
    ]


def test_probes_that_fit_are_not(tmp_path: Path) -> None:
    check = made("shop/pages", check_pages)
    assert problems(plan(tmp_path, check, ", limits: {probes: 4, spacing: 9s}")) == []
    longer = PRODUCTION.replace("30s", "31s")
    assert problems(plan(tmp_path, check, ", limits: {probes: 4, spacing: 10s}", production=longer)) == []
    assert problems(plan(tmp_path, check, ", limits: {probes: 1, spacing: 10m}")) == []


class Sizes(Ask, frozen=True, kw_only=True, tag="test/sizes"):
    answer: ClassVar[Any] = int


class Counts(Ask, frozen=True, kw_only=True, tag="test/sizes"):
    answer: ClassVar[Any] = int


@dataclass(frozen=True)
class Two:
    """A source that asks two things which only their types tell apart."""

    kinds: tuple[type[Ask], ...]

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(kind(target=context.target("http").id) for kind in self.kinds)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        return answers


def asking(*kinds: type[Ask]) -> Check:
    def check_it(found: Any, examine: Any) -> None:
        """r"""

    check_it.__annotations__ = {"found": Annotated[Any, Two(kinds)], "examine": Any}
    return made("shop/it", check_it)


def test_two_asks_of_one_tag_are_refused(tmp_path: Path) -> None:
    """One would get the other's answer."""
    (found,) = problems(plan(tmp_path, asking(Sizes, Counts)))
    assert "test_static.Counts and " in found
    assert "test_static.Sizes are asks of one tag, 'test/sizes'; they would share their answers" in found
    assert problems(plan(tmp_path, asking(Sizes, Sizes))) == []


class Needing(Limits):
    highest: AtMost[Percent]


def check_needing(found: Annotated[Any, PromQL("up")], limits: Needing, examine: Any) -> None:
    """r"""


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("", "2:9: SH-1: shop/it needs limits.highest; add it to the row; highest: null says that the runbook "),
        (", limits: {highest: .nan}", "2:72: .nan is read differently by different readers; "),
        (", limits: {highest: nan%}", "2:72: SH-1: limits.highest: 'nan%' is not understood; "),
        (", limits: {highest: inf%}", "2:72: SH-1: limits.highest: 'inf%' is not understood; "),
        (", limits: {highest: true}", "2:72: SH-1: limits.highest: "),
        (", limits: {highest: 5m}", "2:72: SH-1: limits.highest: '5m' is not understood; "),
        (", limits: {highest: 0.05}", "2:72: SH-1: limits.highest: 0.05 has no unit; "),
    ],
)  # fmt: skip
def test_a_limit_that_cannot_be_meant_is_refused(tmp_path: Path, row: str, expected: str) -> None:
    (found,) = problems(plan(tmp_path, made("shop/it", check_needing), row))
    assert found.startswith(f"runbook.yaml:{expected}"), found
