"""A row's raw scope and limits become the limits of its checks, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from opsproof import AtMost, Count, Duration, Limits, Percent, Scoped
from opsproof.environment.bind import Bound, bind
from opsproof.environment.context import EnvironmentContext, Undeclared
from opsproof.model.failure import NotConfigured
from tests.environment.files import SYSTEM, load


class ErrorLimits(Limits):
    jobs: Scoped[tuple[str, ...]] = ()
    window: Duration = Duration(300)
    highest: AtMost[Percent]
    cordoned: AtMost[Count] | None = None


class ProbeLimits(Limits):
    urls: Scoped[tuple[str, ...]]
    probes: Count = Count(3)
    spacing: Duration = Duration(1)


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    metric: str
    above: Percent = Percent(1)


class JobLimits(Limits):
    jobs: Scoped[tuple[str, ...]] = ()
    live: Scoped[bool] = True
    body: Scoped[Literal["any", "json"]] = "any"
    rules: Scoped[tuple[Rule, ...]] = ()


def bound(
    folder: Path, row: str, *kinds: type[Limits], names: str = "{}", system: str = SYSTEM
) -> dict[str, Bound]:
    runbook = f"requirements:\n  SH-001: {{says: x, cadence: daily, checks: [a/b], {row}}}\n"
    production = f"environment: production\nnames: {names}\n"
    loaded = load(folder, runbook=runbook, production=production, system=system)
    assert loaded.problems == []
    requirement = loaded.systems["shop"].requirements["SH-001"]
    return bind(
        requirement, {kind.__name__: kind for kind in kinds}, loaded.environments()["shop/production"]
    )


def problems(folder: Path, row: str, *kinds: type[Limits], **more: Any) -> list[str]:
    found = [str(one) for made in bound(folder, row, *kinds, **more).values() for one in made.problems]
    return [one.split("runbook.yaml:", 1)[1] for one in dict.fromkeys(found)]


def test_limits_are_made_with_their_units(tmp_path: Path) -> None:
    made = bound(tmp_path, "limits: {highest: 5%}", ErrorLimits)["ErrorLimits"]
    assert made.limits == ErrorLimits(highest=AtMost.parse("5%", Percent))
    assert (made.used_defaults, made.missing, made.failure, made.problems) == (("window",), (), None, ())


def test_a_field_is_accepted_if_any_check_of_the_row_has_it(tmp_path: Path) -> None:
    row = "limits: {highest: 5%, probes: 5}, scope: {urls: [a], jobs: [b]}"
    made = bound(tmp_path, row, ErrorLimits, ProbeLimits)
    assert made["ProbeLimits"].limits == ProbeLimits(urls=("a",), probes=Count(5))
    assert isinstance(made["ErrorLimits"].limits, ErrorLimits)
    assert made["ErrorLimits"].limits.jobs == ("b",)


def test_a_limit_that_the_row_forgets_is_a_problem(tmp_path: Path) -> None:
    """Nobody can mean it: with the field, and how to say that the runbook has none."""
    (found,) = problems(tmp_path, "limits: {window: 5m}", ErrorLimits)
    assert found == (
        "2:52: SH-001: ErrorLimits needs limits.highest; "
        "add it to the row; highest: null says that the runbook does not state it"
    )


def test_a_limit_that_the_runbook_does_not_state_is_a_failure_and_no_problem(tmp_path: Path) -> None:
    made = bound(tmp_path, "limits: {highest: null}", ErrorLimits)["ErrorLimits"]
    assert (made.limits, made.missing, made.problems) == (None, ("highest",), ())
    assert made.failure is not None
    assert made.failure.message == "limits.highest of SH-001 is not set; add it to the row in runbook.yaml"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "limits: {higest: 5%}",
            "2:61: SH-001: unknown limits field 'higest'; did you mean 'highest'? allowed: cordoned,",
        ),
        (
            "limits: {jobs: [a], highest: 5%}",
            "2:61: SH-001: jobs is a field of scope, not of limits; move it to scope",
        ),
        (
            "limits: {highest: 5%}, scope: {window: 5m}",
            "2:83: SH-001: window is a field of limits, not of scope;",
        ),
        ("limits: {highest: 5}", "2:70: SH-001: limits.highest: 5 has no unit; write it like 5%"),
        ("limits: {highest: 5m}", "2:70: SH-001: limits.highest: '5m' is not understood; write it like 5%"),
        (
            "limits: {highest: {severe: 5%}}",
            "2:70: SH-001: limits.highest: 'severe' is not a level; write one of critical",
        ),
        ("limits: {highest: 5%}, scope: {jobs: a}", "2:89: SH-001: scope.jobs: needs a list, found text"),
        (
            "limits: {highest: 5%}, scope: {jobs: [5]}",
            "2:90: SH-001: scope.jobs.0: needs text, found the number 5;",
        ),
        ("limits: {highest: '${top}'}", "2:70: SH-001: ${top} in limits; limits are the runbook's"),
        (
            "limits: {highest: 5%}, scope: {jobs: ['${name}']}",
            "2:90: unknown name 'name'; allowed: api_url,",
        ),
        (
            "limits: {highest: 5%}, inferred: [limits.windw]",
            "2:86: unknown field 'limits.windw'; did you mean 'limits.window'?",
        ),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, row: str, expected: str) -> None:
    (found,) = problems(tmp_path, row, ErrorLimits)
    assert found.startswith(expected), found


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("scope: {live: 'no'}", "2:66: SH-001: scope.live: needs true or false, found text"),
        (
            "scope: {rules: [{metric: a, abov: 5%}]}",
            "2:80: SH-001: scope: unknown key 'abov'; did you mean 'above'? allowed: above, metric",
        ),
        ("scope: {rules: [{above: 5%}]}", "2:68: SH-001: scope: key 'metric' is missing"),
        (
            "scope: {rules: [{metric: a, above: 5}]}",
            "2:87: SH-001: scope.rules.0.above: 5 has no unit; write it like 5%",
        ),
        ("scope: {live: 1}", "2:66: SH-001: scope.live: needs true or false, found the number 1"),
        (
            "scope: {body: xml}",
            "2:66: SH-001: scope.body: 'xml' is not one of its words; allowed: 'any' or 'json'",
        ),
    ],
)
def test_nothing_is_converted(tmp_path: Path, row: str, expected: str) -> None:
    assert problems(tmp_path, row, JobLimits) == [expected]


def test_names_limits_and_defaults_replace_placeholders(tmp_path: Path) -> None:
    row = 'scope: {urls: ["${api_url}/health?n=${probes}&s=${spacing}", "${namespaces}"]}'
    row += ", limits: {spacing: 2s}"
    made = bound(tmp_path, row, ProbeLimits, names='{api_url: "https://x"}')["ProbeLimits"]
    assert made.limits is not None
    assert made.limits.urls == ("https://x/health?n=3&s=2s", "shop", "shop-jobs")  # type: ignore[attr-defined]


def test_a_scope_field_may_bear_the_name_it_asks_for(tmp_path: Path) -> None:
    system = SYSTEM.replace("api_url: null", "urls: [a, b]")
    made = bound(tmp_path, 'scope: {urls: "${urls}"}', ProbeLimits, system=system)
    assert made["ProbeLimits"].limits == ProbeLimits(urls=("a", "b"))


def test_scope_that_defines_itself_is_refused(tmp_path: Path) -> None:
    """`jobs` is looked up outside the scope, where nobody declares it."""
    found = problems(tmp_path, 'scope: {urls: "${jobs}", jobs: "${urls}"}', ProbeLimits, JobLimits)
    assert [one.split("'; ")[0] for one in found] == [
        "2:59: SH-001: unknown name 'urls",
        "2:59: SH-001: unknown name 'jobs",
    ]


def test_an_unset_name_is_a_failure_that_names_key_and_file(tmp_path: Path) -> None:
    made = bound(tmp_path, 'scope: {urls: ["${api_url}"]}', ProbeLimits)["ProbeLimits"]
    assert made.limits is None
    assert made.failure is not None
    assert made.failure.message == (
        "names.api_url is not set; add it to checks/systems/shop/environments/production.yaml"
    )


def context(folder: Path, **values: Any) -> EnvironmentContext:
    return EnvironmentContext(
        load(folder).environments()["shop/production"], ErrorLimits(highest="5%", **values)
    )


def test_a_template_is_filled_from_limits_names_and_metrics(tmp_path: Path) -> None:
    filled = context(tmp_path).fill("rate(${http_requests}[${window}]) $x {a=~'5..'}")
    assert filled == "rate(http_requests_total{namespace=~\"shop|shop-jobs\"}[300s]) $x {a=~'5..'}"


def test_names_are_always_a_tuple(tmp_path: Path) -> None:
    made = context(tmp_path)
    assert made.names("namespaces") == ("shop", "shop-jobs")
    assert made.names("api_url") == ("https://shop.example.com",)


def test_what_the_environment_lacks_names_the_key_to_add(tmp_path: Path) -> None:
    made = context(tmp_path)
    file = "checks/systems/shop/environments/production.yaml"
    with pytest.raises(NotConfigured, match=rf"^targets.postgres is not set; add it to {file}$"):
        made.target("postgres")
    with pytest.raises(Undeclared, match=r"^http_request is not declared$") as undeclared:
        made.fill("${http_request}")
    assert undeclared.value.hint == (
        "did you mean 'http_requests'? else add it under metrics or names of system.yaml"
    )
    assert made.target("prometheus").id.startswith("prometheus:https://prometheus.example.com#")
