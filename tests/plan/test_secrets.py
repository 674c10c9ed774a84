"""Secrets are looked at for the targets that are asked, and go only where the project lets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from opsproof.model.limits import Limits
from opsproof.model.units import Count, Duration
from opsproof.plan.planned import Planned
from opsproof.plan.secrets import sent
from opsproof.sources.http.facts import Endpoints
from opsproof.sources.prometheus.facts import PromQL
from tests.environment.files import write
from tests.plan.planning import made, planned, problems, runbook

PRODUCTION = """
environment: production
targets:
  prometheus: {url: "https://prometheus.example.com", token: {env: SHOP_TOKEN}}
  http: {headers: {other.example.com: {X-Key: {env: SHOP_KEY}}}}
names: {api_url: "https://shop.example.com"}
"""


class PageLimits(Limits):
    urls: tuple[str, ...] = ("${api_url}/a", "https://other.example.com:8443/b")
    probes: Count = Count(1)
    spacing: Duration = Duration(0)


def check_up(up: Annotated[Any, PromQL("up")], examine: Any) -> None:
    """r"""


def check_pages(pages: Annotated[Any, Endpoints()], limits: PageLimits, examine: Any) -> None:
    """r"""


ROWS = runbook(SH1="checks: [shop/up]", SH2="checks: [shop/pages]")


def plan(folder: Path, production: str = PRODUCTION, **more: Any) -> Planned:
    checks = (made("shop/up", check_up), made("shop/pages", check_pages))
    return planned(folder, *checks, production=production, runbook=ROWS, **more)


def unmet(made: Planned, requirement: str) -> list[str]:
    items = [item for item in made.items if item.requirement == requirement]
    return [one.split("/shop/environments/", 1)[1] for one in made.unmet(items)]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    monkeypatch.setenv("SHOP_KEY", "a-key-that-is-long-enough")
    return monkeypatch


def test_only_what_is_asked_needs_its_secret(tmp_path: Path) -> None:
    """The token of Prometheus is missing: the rows that ask the pages do not care."""
    made = plan(tmp_path)
    assert made.problems == ()
    assert unmet(made, "SH-2") == []
    assert unmet(made, "SH-1") == [
        "production.yaml:3:62: targets.prometheus.token: environment variable SHOP_TOKEN is not set"
    ]


def test_a_replay_needs_none(tmp_path: Path) -> None:
    assert unmet(plan(tmp_path, replaying=True), "SH-1") == []
    recorded = PRODUCTION + "recording: ../../../runs/demo\n"
    assert unmet(plan(tmp_path, recorded), "SH-1") == []


@pytest.mark.parametrize("value", ["hunter2", "x", "1234567\n"])
def test_a_short_secret_is_refused(tmp_path: Path, environment: pytest.MonkeyPatch, value: str) -> None:
    """It stands within ordinary words, from which no report could be kept free."""
    environment.setenv("SHOP_TOKEN", value)
    (found,) = unmet(plan(tmp_path), "SH-1")
    assert found == (
        "production.yaml:3:62: targets.prometheus.token: environment variable SHOP_TOKEN is shorter than 8 characters, "
        "so that reports cannot be kept free of it; give the server a longer one"
    )


@pytest.mark.parametrize(
    "value", ["shop-jobs", "production", "prometheus", "namespaces", "http_requests", "example.com"]
)
def test_a_secret_that_is_a_name_is_refused(
    tmp_path: Path, environment: pytest.MonkeyPatch, value: str
) -> None:
    """To blank it would blank what the checks decide by. The message does not say which name it is."""
    environment.setenv("SHOP_TOKEN", value)
    (found,) = unmet(plan(tmp_path), "SH-1")
    wrong = "is part of a name, label or key of this environment"
    assert found.startswith(
        f"production.yaml:3:62: targets.prometheus.token: environment variable SHOP_TOKEN {wrong};"
    )
    assert value not in found.replace("targets.prometheus.token", "").replace("production.yaml", "")


def test_any_other_secret_is_not(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SHOP_TOKEN", "correct-horse")
    assert unmet(plan(tmp_path), "SH-1") == []


def test_each_secret_is_listed_with_the_servers_it_goes_to(tmp_path: Path) -> None:
    """A header goes to the host that it belongs to, at the ports of the rows' URLs."""
    made = plan(tmp_path)
    assert [(one.way, one.place) for one in sent(made.chosen[0], made.items)] == [
        (
            "environment variable SHOP_TOKEN -> prometheus.example.com:443",
            "shop/production targets.prometheus.token",
        ),
        (
            "environment variable SHOP_KEY -> other.example.com:8443",
            "shop/production targets.http.headers.other.example.com.X-Key",
        ),
    ]


def test_a_server_that_the_files_do_not_tell_is_not_called_none(tmp_path: Path) -> None:
    """A kubeconfig that is not on this machine says nothing of where it leads."""
    cluster = "environment: production\ntargets: {kubernetes: {kubeconfig: /nowhere/config, context: eu}}\n"
    made = plan(tmp_path, cluster)
    (found,) = sent(made.chosen[0], made.items)
    assert found.way == "file /nowhere/config -> a server that is not known from here"


def test_a_header_goes_where_its_host_is_sent(tmp_path: Path) -> None:
    """`connect_to` cannot lead a secret past the project's list."""
    sent_on = PRODUCTION.replace(
        "http: {", "http: {connect_to: {'Other.example.com:8443': 'elsewhere.example.com:1'}, "
    )
    made = plan(tmp_path, sent_on)
    assert [one.hosts for one in sent(made.chosen[0], made.items)][1] == ("elsewhere.example.com:1",)


PINS = """
secrets:
  - {secret: {env: SHOP_TOKEN}, hosts: ["prometheus.example.com:443"]}
  - {secret: {env: SHOP_KEY}, hosts: ["other.example.com:443", "other.example.com:8443"]}
"""


def test_pairs_that_the_project_lists_may_go(tmp_path: Path) -> None:
    write(tmp_path / "checks", "secrets.yaml", PINS)
    assert plan(tmp_path, pins=True).problems == ()


def test_any_other_pair_is_a_problem(tmp_path: Path) -> None:
    """Another server, or a secret that nobody listed: before it is sent, and wherever the file is changed."""
    write(tmp_path / "checks", "secrets.yaml", PINS.replace(', "other.example.com:8443"', ""))
    foreign = PRODUCTION.replace("token: {env: SHOP_TOKEN}", "token: {env: AWS_SECRET_ACCESS_KEY}")
    found = problems(plan(tmp_path, foreign.replace("prometheus.example", "evil.example"), pins=True))
    assert [one.split(": ", 1)[0] for one in found] == [
        "environments/production.yaml:3:56",
        "environments/production.yaml:4:47",
    ]
    assert "environment variable AWS_SECRET_ACCESS_KEY would go to evil.example.com:443, which " in found[0]
    assert found[0].endswith("secrets.yaml does not allow; it lists nothing for it")
    assert "environment variable SHOP_KEY would go to other.example.com:8443, which " in found[1]
    assert found[1].endswith("secrets.yaml does not allow; it may go to other.example.com:443")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("secrets: [{secret: {env: SHOP_TOKEN}}]\n", "secrets.yaml:1:11: key 'hosts' is missing"),
        ("secrets: [{secret: hunter2, hosts: ['a:1']}]\n", "1:20: secret: a secret in the file (text) is not accepted"),
        ("secrets: [{secret: {env: X}, hosts: [a]}]\n", "secrets.yaml:1:38: hosts.0: 'a' is not host:port"),
        ("secret: []\n", "secrets.yaml:1:1: unknown key 'secret'; did you mean 'secrets'?"),
        ("secrets: [\n", "secrets.yaml:1:10: the [ that begins here is not closed"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_allows_nothing(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path / "checks", "secrets.yaml", text)
    found = plan(tmp_path, pins=True).problems
    assert any(problem in one for one in found), found
    assert any("SHOP_TOKEN would go to" in one for one in found), found


def test_a_secret_file_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    write(
        tmp_path / "checks",
        "secrets.yaml",
        "secrets: [{secret: {file: keys/token}, hosts: ['p.example.com:443']}]\n",
    )
    production = (
        "environment: production\ntargets:\n"
        "  prometheus: {url: 'https://p.example.com', token: {file: ../../../keys/token}}\n  http: {}\n"
        "names: {api_url: 'https://shop.example.com'}\n"
    )
    assert plan(tmp_path, production, pins=True).problems == ()
