"""--set NAME=VALUE: what only the caller of a run knows."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from opsproof.environment.from_run import FromRun
from tests.hooks.inside import Inside, said


@pytest.fixture
def release(inside: Inside) -> Inside:
    """SH-003 asks for the page of the version that was deployed, which each run is given."""
    systems = inside.team.folder / "checks/systems/shop"
    system, runbook = systems / "system.yaml", systems / "runbook.yaml"
    system.write_text(system.read_text() + '  version: {from: run, pattern: "v\\\\d+.*"}\n')
    runbook.write_text(runbook.read_text().replace("${base}/catalogue", "${base}/${version}"))
    return inside


def test_a_value_reaches_what_is_asked_and_is_recorded(release: Inside) -> None:
    """It is in the ask, in provenance, terminal, JUnit and the report's heading."""
    done = release.run("checks", "--set", "version=v1.2.3")

    assert 0 == done.ret
    assert "GET /v1.2.3" in release.shop.seen
    assert {"version": "v1.2.3"} == release.result.provenance.given
    assert "LIVE: shop/production, version=v1.2.3" in done.outlines
    folder = release.team.latest.folder
    (suite,) = ElementTree.parse(folder / "junit.xml").iter("testsuite")
    assert ["v1.2.3"] == [one.get("value") for one in suite.iterfind("properties/*[@name='set.version']")]
    assert "version=v1.2.3" in (folder / "report.html").read_text().partition('role="status"')[0]


def test_without_it_only_the_rows_that_need_it_are_unknown(release: Inside) -> None:
    """And they say what to give."""
    done = release.run("checks")

    assert 1 == done.ret
    assert {"SH-001": "pass", "SH-002": "pass", "SH-003": "unknown"} == release.outcomes
    assert r"names.version is given by the run: add --set version=VALUE (pattern v\d+.*)" in said(done)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("version=1.2.3",), r"--set version=1.2.3: it does not fit the pattern v\d+.*"),
        (("version=",), "--set version=: a value is one line of text, without ${...}"),
        (("version=v1${base}",), "a value is one line of text, without ${...}"),
        (("verson=v1",), "--set verson=v1: no name that a run gives (from: run) is called verson; did you mean 'version'?"),
        (("base=http://x",), "no name that a run gives (from: run) is called base; allowed: version"),
        (("version",), "--set version: write it like version=v1.2.3"),
        (("version=v1", "version=v2"), "--set version: it is set 2 times"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(release: Inside, words: tuple[str, ...], told: str) -> None:
    """Exit 4, before anything is asked."""
    done = release.run("checks", *(word for value in words for word in ("--set", value)))

    assert 4 == done.ret
    assert told in said(done)
    assert [] == release.shop.seen


def test_a_pattern_is_for_the_whole_value() -> None:
    """Neither a beginning nor a part that fits is enough."""
    assert ["", "it does not fit the pattern v1", "it does not fit the pattern v1"] == [
        FromRun("v1").refuses(value) for value in ("v1", "v12", "xv1")
    ]


def test_a_replay_takes_the_recorded_value(release: Inside) -> None:
    """Without being told; another one is refused, for it would be another run."""
    release.run("checks", "--set", "version=v7")
    asked = len(release.shop.seen)

    assert 0 == release.run("checks", "--replay", "reports/latest").ret
    assert {"version": "v7"} == release.result.provenance.given
    assert asked == len(release.shop.seen)
    again = release.run("checks", "--replay", "reports/latest", "--set", "version=v8")
    assert 4 == again.ret
    assert "--set: a run that is decided again keeps what it was given" in said(again)


def test_an_environment_may_set_it_for_good(release: Inside) -> None:
    """There the run has nothing to give."""
    release.team.environment("production", release.shop.url, "  version: v0\n")

    assert 0 == release.run("checks").ret
    assert "GET /v0" in release.shop.seen
    assert 4 == release.run("checks", "--set", "version=v1").ret


def test_a_wrong_declaration_is_a_problem_of_the_file(release: Inside) -> None:
    """An unknown key, a pattern that is none: with their places."""
    path = release.team.folder / "checks/systems/shop/system.yaml"
    path.write_text(path.read_text().replace('pattern: "v\\\\d+.*"', 'pattern: "v(", patern: x'))

    done = release.run("checks")

    assert 4 == done.ret
    assert "names.version: unknown key 'patern'; did you mean 'pattern'?" in said(done)
    assert "names.version.pattern: 'v(' is no regular expression" in said(done)
    assert sum("system.yaml:" in line for line in done.errlines) == 2
