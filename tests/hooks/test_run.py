"""A run as users know it: selection, exit status, gate, what each outcome becomes."""

from __future__ import annotations

import pytest

from tests.hooks.inside import Inside, said
from tests.hooks.team import Shop, Team, requests


def test_all_kept_is_exit_0(team: Team) -> None:
    """A run in which every selected requirement is kept opens the gate."""
    done = team.run("checks")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"SH-001": "pass", "SH-002": "pass", "SH-003": "pass"} == team.outcomes()
    assert "GATE OPEN" in done.stdout


def test_a_violation_closes_the_gate_and_is_told_whole(inside: Inside) -> None:
    """A FAIL is exit 1; level, label, response time, subject, measured, needed and first step are shown."""
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "-m", "daily")

    assert 1 == done.ret
    assert {"SH-001": "fail", "SH-002": "fail"} == inside.outcomes
    for part in ("CRITICAL", "SH-001", "Page now", "5 minutes", "/front", "500", "200", "Look at the log"):
        assert part in done.stdout.str()
    assert "GATE CLOSED at low: 2 failed" in done.stdout.str()


def test_a_target_that_is_not_there_is_unknown(inside: Inside) -> None:
    """No target of the role: UNKNOWN, naming the key to add, and the gate is closed."""
    inside.team.write(
        "checks/systems/shop/environments/production.yaml",
        "environment: production\nnames: {base: 'http://x'}\n",
    )

    done = inside.run("checks", "-m", "daily")

    assert 1 == done.ret
    assert {"SH-001": "unknown", "SH-002": "unknown"} == inside.outcomes
    assert "targets.http is not set" in done.stdout.str()


def test_the_gate_lets_lower_levels_through(inside: Inside) -> None:
    """--gate high opens for a medium failure, and still lists it."""
    inside.shop.statuses["/cart"] = 404

    assert 1 == inside.run("checks", "-m", "daily").ret
    done = inside.run("checks", "-m", "daily", "--gate", "high")

    assert 0 == done.ret
    assert "let through below high: SH-002" in done.stdout.str()


def test_the_environment_sets_the_gate(inside: Inside) -> None:
    """The gate of an environment holds where the command line says none."""
    inside.shop.statuses["/cart"] = 404
    inside.team.environment("production", inside.shop.url, "gate: critical\n")

    assert 0 == inside.run("checks", "-m", "daily").ret


def test_a_selection_of_nothing_is_exit_5(inside: Inside) -> None:
    """An expression that selects nothing is never a green run."""
    assert 5 == inside.run("checks", "-m", "predeploy").ret
    assert 5 == inside.run("checks", "-k", "nonsense").ret
    assert not (inside.team.folder / "reports" / "latest").exists()


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


def test_a_selection_of_nothing_leaves_no_empty_run(inside: Inside) -> None:
    """Neither a folder nor a `latest` that would look like a run."""
    inside.run("checks", "-m", "predeploy")

    assert [] == sorted((inside.team.folder / "reports").glob("*"))


def test_a_mistaken_requirement_is_told(inside: Inside) -> None:
    """-k of an id that no requirement bears: a near spelling, or that no check decides it yet."""

    def said(keyword: str) -> str:
        done = inside.run("checks", "-k", keyword)
        assert 5 == done.ret
        return " ".join(done.stdout.str().split())

    assert "no requirement of shop/production is called SH-2; did you mean SH-002?" in said("SH-2")
    assert "no requirement of shop/production is called SH-999 -k 'SH-999' selects" in said("SH-999")
    assert "SH-004 is in the runbook, and no check decides it yet" in said("SH-004")
    assert "names like check_pages[SH-001-shop/production]" in said("nonsense")


def test_a_mistaken_name_beside_others_is_one_warning(inside: Inside) -> None:
    """The run goes on with what is selected, and its summary names the word that selects nothing."""
    marked = inside.run("checks", "-q", "--strict-markers", "-m", "daily and not weakly")
    keyed = inside.run("checks", "-q", "-k", "SH-001 or SH-099")

    assert (0, 0) == (marked.ret, keyed.ret)
    assert 1 == marked.stdout.str().count("no marker is called weakly; did you mean weekly?")
    assert 1 == keyed.stdout.str().count("no requirement of shop/production is called SH-099")
    assert "selects no requirement" not in marked.stdout.str() + keyed.stdout.str()
    assert "no marker" not in inside.run("checks", "-m", "daily and not (weekly or shop)").stdout.str()


def test_expressions_select_by_cadence_level_system_and_id(inside: Inside) -> None:
    """-m and -k take the requirement's words; continuous is daily too."""

    def selected(*words: str) -> set[str]:
        inside.run("checks", *words)
        return set(inside.outcomes)

    assert {"SH-001", "SH-002"} == selected("-m", "daily")
    assert {"SH-001"} == selected("-m", "continuous")
    assert {"SH-003"} == selected("-m", "weekly and not critical")
    assert {"SH-002"} == selected("-m", "shop and medium")
    assert {"SH-003"} == selected("-k", "SH-003")


def test_a_narrowed_run_says_partial(inside: Inside) -> None:
    """-k narrows: the summary says so and counts the whole."""
    done = inside.run("checks", "-k", "SH-001")

    assert "PARTIAL: 1 of 3 ran, narrowed by -k SH-001" in done.stdout.str()
    assert "4 requirements in the runbooks, 3 automated, 1 selected, 1 decided" in " ".join(
        done.stdout.str().split()
    )


def test_collect_only_asks_nobody_and_leaves_no_run(inside: Inside) -> None:
    """--collect-only reads files."""
    done = inside.run("checks", "--collect-only", "-q")

    assert 0 == done.ret
    assert [] == inside.shop.seen
    assert "check_pages[SH-001-shop/production]" in done.stdout.str()
    assert not (inside.team.folder / "reports").exists()


@pytest.mark.slow
def test_last_failed_runs_what_failed(team: Team, shop: Shop) -> None:
    """--lf selects the requirements that were not kept."""
    shop.statuses["/cart"] = 404
    team.run("checks")

    done = team.run("checks", "--lf")

    assert {"SH-002": "fail"} == team.outcomes()
    assert "PARTIAL" in done.stdout


def test_a_selected_item_that_did_not_run_is_undecided(inside: Inside) -> None:
    """-x stops after the first failure: the rest counts as UNKNOWN, incomplete."""
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "-x")

    assert done.ret != 0
    assert {"SH-001": "fail", "SH-002": "unknown", "SH-003": "unknown"} == inside.outcomes
    assert ("shop/production/SH-002", "shop/production/SH-003") == inside.result.gate.incomplete
    assert not inside.result.complete


def test_each_thing_is_asked_once(inside: Inside) -> None:
    """However many items and environments share it; and requests.jsonl says just what the server saw."""
    inside.team.environment("copy", inside.shop.url)

    inside.run("checks", "--env", "production", "--env", "copy")

    assert ["GET /cart", "GET /catalogue", "GET /front"] == sorted(inside.shop.seen)
    assert sorted(inside.shop.seen) == sorted(requests(inside.team.latest, inside.shop.url))
    assert 6 == len(inside.result.requirements)


def test_pytest_html_has_severity_requirement_and_outcome(inside: Inside) -> None:
    """--html is a supported output, with the columns of the field."""
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "--html=report.html", "--self-contained-html")

    assert 1 == done.ret, done.stderr.str()
    page = (inside.team.folder / "report.html").read_text()
    for text in ("Severity", "Requirement", "Outcome", "SH-001", "critical"):
        assert text in page


def test_which_environment(inside: Inside) -> None:
    """The only environment needs no name; of several one has to be chosen, or exit 4 lists them."""
    assert 0 == inside.run("checks").ret
    inside.team.environment("staging", inside.shop.url)

    undecided = inside.run("checks")
    misspelt = inside.run("checks", "--env", "stagin")
    ini = inside.team.write("pytest.ini", "[pytest]\nopsproof_environment = staging\n")

    assert 4 == undecided.ret
    assert "shop/production, shop/staging" in undecided.stderr.str()
    assert 4 == misspelt.ret
    assert "did you mean staging?" in misspelt.stderr.str()
    assert 0 == inside.run("checks").ret
    assert "live: shop/staging" in inside.run("checks").stdout.str()
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


def test_other_tests_are_left_alone(inside: Inside) -> None:
    """A project's own tests neither make a run nor change its exit status."""
    inside.team.write("tests/test_own.py", "def test_own() -> None:\n    assert 1 == 2\n")

    done = inside.run("tests")

    assert 1 == done.ret
    assert "opsproof" not in done.stdout.str().replace(str(inside.team.folder), "")
    assert not (inside.team.folder / "reports").exists()
