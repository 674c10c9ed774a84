"""Decided again from what a run recorded: no server, the same findings, and what another limit would change."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from tests.hooks.team import Shop, Team


def _findings(team: Team) -> bytes:
    """What a replay has to repeat byte for byte: every requirement with its items, but for their duration."""
    items = [
        [msgspec.structs.replace(item, seconds=0.0) for item in one.items]
        for one in team.result().requirements
    ]
    return msgspec.json.encode(items)


def test_a_replay_asks_nobody_and_finds_the_same(team: Team, shop: Shop, tmp_path: Path) -> None:
    """The same findings byte for byte, with another clock and no server."""
    shop.statuses["/cart"] = 404
    team.run("checks", "-m", "daily")
    live = _findings(team)
    recording = tmp_path / "elsewhere"
    shutil.copytree(team.latest.folder, recording)
    asked = len(shop.seen)

    done = team.run("checks", "-m", "daily", "--replay", str(recording))

    assert 1 == done.returncode
    assert live == _findings(team)
    assert asked == len(shop.seen)
    assert "REPLAY of elsewhere" in done.stdout
    assert "replay" == team.result().provenance.mode


@pytest.mark.slow
def test_a_replay_can_be_replayed(team: Team, tmp_path: Path) -> None:
    """A replay's folder holds the facts that it decided on."""
    team.run("checks")
    live = _findings(team)
    team.run("checks", "--replay", "reports/latest")
    shutil.rmtree(team.folder / "reports" / team.result().provenance.source_run)

    done = team.run("checks", "--replay", "reports/latest")

    assert 0 == done.returncode, done.stdout
    assert live == _findings(team)


def test_what_was_not_recorded_is_unknown(team: Team) -> None:
    """A requirement whose facts the run did not record cannot be decided from it."""
    team.run("checks", "-m", "daily")

    done = team.run("checks", "--replay", "reports/latest")

    assert 1 == done.returncode
    assert {"SH-001": "pass", "SH-002": "pass", "SH-003": "unknown"} == team.outcomes()
    assert "this run holds no answer to it" in done.stdout


@pytest.mark.slow
def test_damaged_facts_are_unknown(team: Team) -> None:
    """Facts that cannot be read decide nothing."""
    team.run("checks", "-m", "continuous")
    for path in (team.latest.folder / "facts").iterdir():
        path.write_bytes(path.read_bytes()[:-20])

    team.run("checks", "-m", "continuous", "--replay", "reports/latest")

    assert {"SH-001": "unknown"} == team.outcomes()


def test_what_if(team: Team, shop: Shop) -> None:
    """--limits on a replay decides with another limit, says so, and touches no file of the team."""
    shop.statuses["/cart"] = 404
    team.run("checks", "-k", "SH-002")

    done = team.run("checks", "-k", "SH-002", "--replay", "reports/latest", "--limits", "SH-002.status=404")

    assert "WHAT-IF" in done.stdout
    findings = [
        str(finding.subject) for one in team.result().requirements for finding in one.items[0].findings
    ]
    assert [f"endpoint {shop.url}/front"] == findings
    assert {"SH-002.status": "404"} == team.result().provenance.changed_limits


@pytest.mark.slow
def test_what_if_needs_a_recorded_run_and_a_known_limit(team: Team, shop: Shop) -> None:
    """Live limits come from the runbook alone; a misspelt change is refused before anything is asked."""
    live = team.run("checks", "--limits", "SH-002.status=404")
    assert 4 == live.returncode
    assert "add --replay" in live.stderr
    team.run("checks")
    for change, said in (
        ("SH-002.statsu=404", "status"),
        ("SH-009.status=404", "SH-009"),
        ("nonsense", "write it like"),
    ):
        done = team.run("checks", "--replay", "reports/latest", "--limits", change)
        assert 4 == done.returncode
        assert said in done.stderr


@pytest.mark.slow
def test_another_version_of_the_code_is_named(team: Team) -> None:
    """A replay decided by changed checks says which."""
    team.run("checks")
    path = team.folder / "checks" / "shop" / "check_pages.py"
    path.write_text(path.read_text() + "\n# changed\n")

    team.run("checks", "--replay", "reports/latest")

    assert "checks/shop/pages" == team.result().provenance.code_differs


def _forge_facts(team: Team) -> Path:
    """One answer of the last run replaced by another one's."""
    facts = sorted((team.latest.folder / "facts").iterdir())
    facts[0].write_bytes(facts[1].read_bytes())
    return team.latest.folder


def test_an_altered_run_opens_no_gate(team: Team) -> None:
    """Facts that were changed: ALTERED on the terminal, in the result, the page and both JUnits; exit status 1."""
    team.run("checks", "-m", "daily")
    source = _forge_facts(team)

    done = team.run("checks", "-m", "daily", "--replay", str(source), "--junitxml", "own.xml")

    assert 1 == done.returncode
    assert "GATE CLOSED" in done.stdout
    assert "ALTERED: facts/" in " ".join(done.stdout.split())
    result = team.result()
    assert "ALTERED: facts/" in result.provenance.source_unsound
    assert result.gate.closed and result.gate.unsound
    for text in (
        (team.latest.folder / "report.html").read_text(),
        (team.latest.folder / "junit.xml").read_text(),
        (team.folder / "own.xml").read_text(),
    ):
        assert "ALTERED: facts/" in text


def test_a_run_without_its_manifest_opens_no_gate_unless_it_is_taken_so(team: Team) -> None:
    """--accept-altered lets the gate decide; what was taken is said all the same."""
    team.run("checks", "-m", "daily")
    source = team.latest.folder
    (source / "manifest.json").unlink()

    done = team.run("checks", "-m", "daily", "--replay", str(source))
    taken = team.run("checks", "-m", "daily", "--replay", str(source), "--accept-altered")

    assert (1, 0) == (done.returncode, taken.returncode), taken.stdout
    assert "incomplete: it has no manifest.json" in " ".join(taken.stdout.split())
    assert "accepted by --accept-altered" in " ".join(taken.stdout.split())
