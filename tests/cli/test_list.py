"""`opsproof checks` and `opsproof sources`: what there is, before anything is written or asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from opsproof.cli import main
from opsproof.cli.described import check_info, source_infos
from opsproof.environment.kinds import kinds
from opsproof.library import discover
from opsproof.model.ask import Ask, Identify
from tests import pages

ROOT = Path(__file__).parents[2]
# Their servers are whoever answers a URL or a handshake: there is nobody to give a right.
WITHOUT_RIGHTS = {"http", "tls", "script", "drill"}


@pytest.fixture(scope="module")
def infos() -> Mapping[str, Any]:
    found = discover(ROOT / "checks", ROOT).checks
    return {name: check_info(check) for name, check in found.items()}


def ran(*words: str) -> Any:
    done = CliRunner().invoke(main, [*words])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_page_of_all_checks_is_what_the_command_says() -> None:
    """`python -m tests.pages` writes it anew."""
    assert pages.CHECKS.read_text() == pages.checks()


def test_every_key_of_every_check_has_its_meaning_and_form(infos: Mapping[str, Any]) -> None:
    for one in infos.values():
        for field in one.limits:
            assert field.meaning and field.form, f"{one.name}: {field.name}"
            assert field.required == (not field.default), f"{one.name}: {field.name}"


def test_every_check_says_what_it_asks_and_what_that_needs(infos: Mapping[str, Any]) -> None:
    """Nobody has to read code to know which rights a row takes."""
    for one in infos.values():
        assert one.asks, one.name
        for ask in one.asks:
            assert ask.source in kinds(), (one.name, ask)
            assert ask.needs or ask.source in WITHOUT_RIGHTS, (one.name, ask)


def test_every_ask_of_every_source_says_what_it_needs() -> None:
    """Asks that no check of the library uses, too: `opsproof rights` must not forget one."""
    for path in (ROOT / "plugins/opsproof/sources").rglob("*.py"):
        __import__(
            ".".join(path.relative_to(ROOT / "plugins").with_suffix("").parts).removesuffix(".__init__")
        )
    found = [one for one in subclasses(Ask) if one.__module__.startswith("opsproof.sources.")]
    silent = {
        one.__name__
        for one in found
        if one.needs is Ask.needs and one.__module__.split(".")[2] not in WITHOUT_RIGHTS
    }
    assert len(found) > 15
    assert Identify not in found
    assert silent == set()


def subclasses(kind: type[Ask]) -> list[type[Ask]]:
    direct = kind.__subclasses__()
    return [*direct, *(one for each in direct for one in subclasses(each))]


def test_one_check_in_full(infos: Mapping[str, Any]) -> None:
    """Limits with unit and default, scope, the source with its query and metrics, the rights."""
    one = infos["database/connections"]
    highest = next(field for field in one.limits if field.name == "highest")
    assert (highest.section, highest.form, highest.required) == ("limits", "at most: percent (5%)", True)
    coverage = next(field for field in one.limits if field.name == "coverage")
    assert (coverage.form, coverage.default) == ("at least: percent (5%)", "at least 90 %")
    assert {"postgres", "prometheus"} == {ask.source for ask in one.asks}
    assert "USAGE pg_read_all_stats" in next(ask.needs for ask in one.asks if ask.source == "postgres")
    assert {"pg_backends", "pg_max_connections"} == set(one.names)


def test_the_commands_list_and_explain() -> None:
    checks = ["checks", "--checks", str(ROOT / "checks")]
    listed = ran(*checks).splitlines()
    assert any(line.startswith("health/pods-ready ") and "critical" in line for line in listed)
    assert "limits.grace: duration (5m); 5m" in ran(*checks, "health/pods-ready")
    (one,) = json.loads(ran(*checks, "health/pods-ready", "--json"))
    assert one["asks"][0]["needs"] == ["list pods in ${namespaces}"]
    sources = {one["name"]: one for one in json.loads(ran("sources", "--json"))}
    assert sources.keys() == kinds().keys()
    assert {"name": "host", "form": "text", "required": True} in sources["redis"]["keys"]
    assert "identity: kube-system-uid" in ran("sources", "kubernetes")


@pytest.mark.parametrize(
    ("words", "near"),
    [(("checks", "health/pod-ready"), "health/pods-ready"), (("sources", "redsi"), "redis")],
)
def test_a_name_that_is_none_is_told_with_the_nearest(words: tuple[str, ...], near: str) -> None:
    folder = ("--checks", str(ROOT / "checks")) if words[0] == "checks" else ()
    done = CliRunner().invoke(main, [*words, *folder])
    assert (done.exit_code, f"did you mean '{near}'?" in done.output) == (2, True), done.output


def test_no_secret_reference_is_shown_as_text() -> None:
    """What is a secret says so in its form."""
    for one in source_infos():
        for key in one.keys:
            if key.name in {"password", "token"}:
                assert key.form == "{env: NAME} or {file: PATH}"


def test_the_command_imports_nothing_heavy() -> None:
    """`opsproof --help` waits for neither pydantic nor pytest nor the sources."""
    code = (
        "import sys; from opsproof.cli import main\n"
        "heavy = {'pydantic', 'pytest', 'requests', 'kubernetes', 'jinja2', 'yaml', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
