"""Decided again from what a run recorded: no server, the same findings, and what another limit would change."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from tests.hooks.inside import Inside


def _findings(inside: Inside) -> bytes:
    """What a replay has to repeat byte for byte: every requirement with its items, but for their duration."""
    items = [
        [msgspec.structs.replace(item, seconds=0.0) for item in one.items]
        for one in inside.result.requirements
    ]
    return msgspec.json.encode(items)


def test_a_replay_asks_nobody_and_finds_the_same(inside: Inside, tmp_path: Path) -> None:
    """The same findings byte for byte, with another clock and no server."""
    inside.shop.statuses["/cart"] = 404
    inside.run("checks", "-m", "daily")
    live = _findings(inside)
    recording = tmp_path / "elsewhere"
    shutil.copytree(inside.team.latest.folder, recording)
    asked = len(inside.shop.seen)

    done = inside.run("checks", "-m", "daily", "--replay", str(recording))

    assert 1 == done.ret
    assert live == _findings(inside)
    assert asked == len(inside.shop.seen)
    assert "REPLAY of elsewhere" in done.stdout.str()
    assert "replay" == inside.result.provenance.mode


def test_a_replay_can_be_replayed(inside: Inside, tmp_path: Path) -> None:
    """A replay's folder holds the facts that it decided on."""
    inside.run("checks")
    live = _findings(inside)
    inside.run("checks", "--replay", "reports/latest")
    shutil.rmtree(inside.team.folder / "reports" / inside.result.provenance.source_run)

    done = inside.run("checks", "--replay", "reports/latest")

    assert 0 == done.ret, done.stdout.str()
    assert live == _findings(inside)


def test_what_was_not_recorded_is_unknown(inside: Inside) -> None:
    """A requirement whose facts the run did not record cannot be decided from it."""
    inside.run("checks", "-m", "daily")

    done = inside.run("checks", "--replay", "reports/latest")

    assert 1 == done.ret
    assert {"SH-001": "pass", "SH-002": "pass", "SH-003": "unknown"} == inside.outcomes
    assert "this run holds no answer to it" in done.stdout.str()


def test_damaged_facts_are_unknown(inside: Inside) -> None:
    """Facts that cannot be read decide nothing."""
    inside.run("checks", "-m", "continuous")
    for path in (inside.team.latest.folder / "facts").iterdir():
        path.write_bytes(path.read_bytes()[:-20])

    inside.run("checks", "-m", "continuous", "--replay", "reports/latest")

    assert {"SH-001": "unknown"} == inside.outcomes


def test_what_if(inside: Inside) -> None:
    """--limits on a replay decides with another limit, says so, and touches no file of the team."""
    inside.shop.statuses["/cart"] = 404
    inside.run("checks", "-k", "SH-002")

    done = inside.run("checks", "-k", "SH-002", "--replay", "reports/latest", "--limits", "SH-002.status=404")

    assert "WHAT-IF" in done.stdout.str()
    findings = [
        str(finding.subject) for one in inside.result.requirements for finding in one.items[0].findings
    ]
    assert [f"endpoint {inside.shop.url}/front"] == findings
    assert {"SH-002.status": "404"} == inside.result.provenance.changed_limits


def test_what_if_needs_a_recorded_run_and_a_known_limit(inside: Inside) -> None:
    """Live limits come from the runbook alone; a misspelt change is refused before anything is asked."""
    live = inside.run("checks", "--limits", "SH-002.status=404")
    assert 4 == live.ret
    assert "add --replay" in live.stderr.str()
    inside.run("checks")
    for change, said in (
        ("SH-002.statsu=404", "status"),
        ("SH-009.status=404", "SH-009"),
        ("nonsense", "write it like"),
    ):
        done = inside.run("checks", "--replay", "reports/latest", "--limits", change)
        assert 4 == done.ret
        assert said in done.stderr.str()


def test_another_version_of_the_code_is_named(inside: Inside) -> None:
    """A replay decided by changed checks says which."""
    inside.run("checks")
    path = inside.team.folder / "checks" / "shop" / "check_pages.py"
    path.write_text(path.read_text() + "\n# changed\n")

    inside.run("checks", "--replay", "reports/latest")

    assert "checks/shop/pages" == inside.result.provenance.code_differs


def _forge_facts(inside: Inside) -> Path:
    """One answer of the last run replaced by another one's."""
    facts = sorted((inside.team.latest.folder / "facts").iterdir())
    facts[0].write_bytes(facts[1].read_bytes())
    return inside.team.latest.folder


def test_an_altered_run_opens_no_gate(inside: Inside) -> None:
    """Facts that were changed: ALTERED on the terminal, in the result, the page and both JUnits; exit status 1."""
    inside.run("checks", "-m", "daily")
    source = _forge_facts(inside)

    done = inside.run("checks", "-m", "daily", "--replay", str(source), "--junitxml", "own.xml")

    assert 1 == done.ret
    assert "GATE CLOSED" in done.stdout.str()
    assert "ALTERED: facts/" in " ".join(done.stdout.str().split())
    result = inside.result
    assert "ALTERED: facts/" in result.provenance.source_unsound
    assert result.gate.closed and result.gate.unsound
    for text in (
        (inside.team.latest.folder / "report.html").read_text(),
        (inside.team.latest.folder / "junit.xml").read_text(),
        (inside.team.folder / "own.xml").read_text(),
    ):
        assert "ALTERED: facts/" in text


def test_a_run_without_its_manifest_opens_no_gate_unless_it_is_taken_so(inside: Inside) -> None:
    """--accept-altered lets the gate decide; what was taken is said all the same."""
    inside.run("checks", "-m", "daily")
    source = inside.team.latest.folder
    (source / "manifest.json").unlink()

    done = inside.run("checks", "-m", "daily", "--replay", str(source))
    taken = inside.run("checks", "-m", "daily", "--replay", str(source), "--accept-altered")

    assert (1, 0) == (done.ret, taken.ret), taken.stdout.str()
    assert "incomplete: it has no manifest.json" in " ".join(taken.stdout.str().split())
    assert "accepted by --accept-altered" in " ".join(taken.stdout.str().split())
