"""A run as users know it: selection, exit status, gate, what each outcome becomes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from opsproof.evidence.run import Run
from tests.hooks.inside import Inside, said
from tests.hooks.team import Shop, Team


def test_all_kept_is_exit_0(team: Team) -> None:
    """A run in which every selected requirement is kept opens the gate."""
    done = team.run("checks")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"SH-001": "pass", "SH-002": "pass", "SH-003": "pass"} == team.outcomes()
    assert "GATE OPEN" in done.stdout


def test_a_violation_closes_the_gate_and_is_told_whole(team: Team, shop: Shop) -> None:
    """A FAIL is exit 1; level, label, response time, subject, measured, needed and first step are shown."""
    shop.statuses["/front"] = 500

    done = team.run("checks", "-m", "daily")

    assert 1 == done.returncode
    assert {"SH-001": "fail", "SH-002": "fail"} == team.outcomes()
    for part in ("CRITICAL", "SH-001", "Page now", "5 minutes", "/front", "500", "200", "Look at the log"):
        assert part in done.stdout
    assert "GATE CLOSED at low: 2 failed" in done.stdout


def test_a_target_that_is_not_there_is_unknown(team: Team) -> None:
    """No target of the role: UNKNOWN, naming the key to add, and the gate is closed."""
    team.write(
        "checks/systems/shop/environments/production.yaml",
        "environment: production\nnames: {base: 'http://x'}\n",
    )

    done = team.run("checks", "-m", "daily")

    assert 1 == done.returncode
    assert {"SH-001": "unknown", "SH-002": "unknown"} == team.outcomes()
    assert "targets.http is not set" in done.stdout


def test_the_gate_lets_lower_levels_through(team: Team, shop: Shop) -> None:
    """--gate high opens for a medium failure, and still lists it."""
    shop.statuses["/cart"] = 404

    assert 1 == team.run("checks", "-m", "daily").returncode
    done = team.run("checks", "-m", "daily", "--gate", "high")

    assert 0 == done.returncode
    assert "let through below high: SH-002" in done.stdout


def test_the_environment_sets_the_gate(team: Team, shop: Shop) -> None:
    """The gate of an environment holds where the command line says none."""
    shop.statuses["/cart"] = 404
    team.environment("production", shop.url, "gate: critical\n")

    assert 0 == team.run("checks", "-m", "daily").returncode


def test_a_selection_of_nothing_is_exit_5(team: Team) -> None:
    """An expression that selects nothing is never a green run."""
    assert 5 == team.run("checks", "-m", "predeploy").returncode
    assert 5 == team.run("checks", "-k", "nonsense").returncode
    assert not (team.folder / "reports" / "latest").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("checks/nope.py",), "file or directory not found: checks/nope.py"),
        (("checks/shop/check_pages.py::nope",), "not found: "),
        (("checks", "-m", "daily and"), "Wrong expression passed to '-m': daily and"),
        (("checks", "-k", "("), "Wrong expression passed to '-k': ("),
    ],
)
def test_what_cannot_be_collected_is_exit_4(inside: Inside, words: tuple[str, ...], told: str) -> None:
    """A mistyped path or expression: pytest's own line, nothing asked, no empty run left."""
    done = inside.run(*words)

    assert 4 == done.ret
    assert told in said(done) and "INTERNALERROR" not in said(done)
    assert [] == inside.shop.seen
    assert [] == sorted((inside.team.folder / "reports").glob("*"))


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--strict-markers",), ("--strict-markers", "-n", "2"), ("-q", "-q")])
def test_a_mistaken_marker_is_exit_5_and_says_what_there_is(team: Team, more: tuple[str, ...]) -> None:
    """The nearest spelling and all markers; the same where pytest is strict, and with workers."""
    done = team.run("checks", "-m", "dayly", *more)

    assert 5 == done.returncode, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "-m: no marker is called dayly; did you mean daily?" in said
    assert "-m 'dayly' selects no requirement: nothing was asked" in said
    assert "markers: continuous, daily, weekly," in said and "gate, shop" in said
    assert "INTERNALERROR" not in done.stdout


def test_a_selection_of_nothing_leaves_no_empty_run(team: Team) -> None:
    """Neither a folder nor a `latest` that would look like a run."""
    team.run("checks", "-m", "predeploy")

    assert [] == sorted((team.folder / "reports").glob("*"))


@pytest.mark.slow
def test_a_mistaken_requirement_is_told(team: Team) -> None:
    """-k of an id that no requirement bears: a near spelling, or that no check decides it yet."""

    def said(keyword: str) -> str:
        done = team.run("checks", "-k", keyword)
        assert 5 == done.returncode
        return " ".join(done.stdout.split())

    assert "no requirement of shop/production is called SH-2; did you mean SH-002?" in said("SH-2")
    assert "no requirement of shop/production is called SH-999 -k 'SH-999' selects" in said("SH-999")
    assert "SH-004 is in the runbook, and no check decides it yet" in said("SH-004")
    assert "names like check_pages[SH-001-shop/production]" in said("nonsense")


@pytest.mark.slow
def test_a_mistaken_name_beside_others_is_one_warning(team: Team) -> None:
    """The run goes on with what is selected, and its summary names the word that selects nothing."""
    marked = team.run("checks", "-q", "--strict-markers", "-m", "daily and not weakly")
    keyed = team.run("checks", "-q", "-k", "SH-001 or SH-099")

    assert (0, 0) == (marked.returncode, keyed.returncode)
    assert 1 == marked.stdout.count("no marker is called weakly; did you mean weekly?")
    assert 1 == keyed.stdout.count("no requirement of shop/production is called SH-099")
    assert "selects no requirement" not in marked.stdout + keyed.stdout
    assert "no marker" not in team.run("checks", "-m", "daily and not (weekly or shop)").stdout


@pytest.mark.slow
def test_expressions_select_by_cadence_level_system_and_id(team: Team) -> None:
    """-m and -k take the requirement's words; continuous is daily too."""

    def selected(*words: str) -> set[str]:
        team.run("checks", *words)
        return set(team.outcomes())

    assert {"SH-001", "SH-002"} == selected("-m", "daily")
    assert {"SH-001"} == selected("-m", "continuous")
    assert {"SH-003"} == selected("-m", "weekly and not critical")
    assert {"SH-002"} == selected("-m", "shop and medium")
    assert {"SH-003"} == selected("-k", "SH-003")


def test_a_narrowed_run_says_partial(team: Team) -> None:
    """-k narrows: the summary says so and counts the whole."""
    done = team.run("checks", "-k", "SH-001")

    assert "PARTIAL: 1 of 3 ran, narrowed by -k SH-001" in done.stdout
    assert "4 requirements in the runbooks, 3 automated, 1 selected, 1 decided" in " ".join(
        done.stdout.split()
    )


def test_collect_only_asks_nobody_and_leaves_no_run(team: Team, shop: Shop) -> None:
    """--collect-only reads files."""
    done = team.run("checks", "--collect-only", "-q")

    assert 0 == done.returncode
    assert [] == shop.seen
    assert "check_pages[SH-001-shop/production]" in done.stdout
    assert not (team.folder / "reports").exists()


@pytest.mark.slow
def test_last_failed_runs_what_failed(team: Team, shop: Shop) -> None:
    """--lf selects the requirements that were not kept."""
    shop.statuses["/cart"] = 404
    team.run("checks")

    done = team.run("checks", "--lf")

    assert {"SH-002": "fail"} == team.outcomes()
    assert "PARTIAL" in done.stdout


def test_a_selected_item_that_did_not_run_is_undecided(team: Team, shop: Shop) -> None:
    """-x stops after the first failure: the rest counts as UNKNOWN, incomplete."""
    shop.statuses["/front"] = 500

    done = team.run("checks", "-x")

    assert done.returncode != 0
    assert {"SH-001": "fail", "SH-002": "unknown", "SH-003": "unknown"} == team.outcomes()
    assert ("shop/production/SH-002", "shop/production/SH-003") == team.result().gate.incomplete
    assert not team.result().complete


@pytest.mark.parametrize("workers", [(), ("-n", "4")])
def test_each_thing_is_asked_once(team: Team, shop: Shop, workers: tuple[str, ...]) -> None:
    """However many items, environments and workers share it; and requests.jsonl says just what the server saw."""
    team.environment("copy", shop.url)
    shop.takes = 0.5  # so that workers want what another one is just asking

    team.run("checks", "--env", "production", "--env", "copy", *workers)

    assert ["GET /cart", "GET /catalogue", "GET /front"] == sorted(shop.seen)
    assert sorted(shop.seen) == sorted(_requests(team.latest, shop.url))
    assert 6 == len(team.result().requirements)


def _requests(run: Run, base: str) -> list[str]:
    import json

    lines = [json.loads(line) for line in (run.folder / "requests.jsonl").read_text().splitlines()]
    return [f"{line['method']} {line['path'].removeprefix(base)}" for line in lines]


def test_junit_tells_outcomes_apart(team: Team, shop: Shop) -> None:
    """FAIL is a failure, UNKNOWN an error, in pytest's own JUnit file and in ours."""
    shop.statuses["/cart"] = 404
    team.environment("broken", "http://127.0.0.1:1")
    team.write("checks/systems/shop/environments/broken.yaml", "environment: broken\nnames: {base: null}\n")

    team.run("checks", "--env", "production", "--env", "broken", "--junitxml=junit.xml", "-n", "2")

    for path in (team.folder / "junit.xml", team.latest.folder / "junit.xml"):
        cases = list(ElementTree.parse(path).iter("testcase"))
        counts = {
            tag: sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")
        }
        assert {"failure": 1, "error": 3, "skipped": 0} == counts, path
        assert 6 == len(cases)
        assert 6 == len(list(ElementTree.parse(path).iterfind(".//testcase//property[@name='severity']")))


def test_pytest_html_has_severity_requirement_and_outcome(team: Team, shop: Shop) -> None:
    """--html is a supported output, with the columns of the field."""
    shop.statuses["/front"] = 500

    done = team.run("checks", "--html=report.html", "--self-contained-html")

    assert 1 == done.returncode, done.stderr
    page = (team.folder / "report.html").read_text()
    for text in ("Severity", "Requirement", "Outcome", "SH-001", "critical"):
        assert text in page


@pytest.mark.slow
def test_which_environment(team: Team, shop: Shop) -> None:
    """The only environment needs no name; of several one has to be chosen, or exit 4 lists them."""
    assert 0 == team.run("checks").returncode
    team.environment("staging", shop.url)

    undecided = team.run("checks")
    misspelt = team.run("checks", "--env", "stagin")
    ini = team.write("pytest.ini", "[pytest]\nopsproof_environment = staging\n")

    assert 4 == undecided.returncode
    assert "shop/production, shop/staging" in undecided.stderr
    assert 4 == misspelt.returncode
    assert "did you mean staging?" in misspelt.stderr
    assert 0 == team.run("checks").returncode
    assert "live: shop/staging" in team.run("checks").stdout
    ini.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["-O", "PYTHONOPTIMIZE"])
def test_python_without_assertions_is_refused(team: Team, shop: Shop, how: str) -> None:
    """Under -O no check could fail: exit 4, nothing asked."""
    done = (
        team.run("checks", python=("-O",)) if how == "-O" else team.run("checks", env={"PYTHONOPTIMIZE": "1"})
    )

    assert 4 == done.returncode
    assert "assertions do nothing" in done.stderr
    assert [] == shop.seen


def test_other_tests_are_left_alone(team: Team) -> None:
    """A project's own tests neither make a run nor change its exit status."""
    team.write("tests/test_own.py", "def test_own() -> None:\n    assert 1 == 2\n")

    done = team.run("tests")

    assert 1 == done.returncode
    assert "opsproof" not in done.stdout.replace(str(team.folder), "").split("plugins:")[1].partition("\n")[2]
    assert not (team.folder / "reports").exists()
