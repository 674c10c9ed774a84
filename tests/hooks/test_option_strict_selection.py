"""--strict-selection and its setting: a PARTIAL run is no open gate."""

from __future__ import annotations

import pytest

from opsproof.cli.runs import rebuilt
from tests.hooks.inside import Inside, said


@pytest.mark.parametrize("how", ["option", "ini"])
def test_a_partial_run_closes_the_gate(inside: Inside, how: str) -> None:
    """Exit 1, in words, in every report, and in one that is rebuilt from the run's folder."""
    if how == "ini":
        inside.team.write("pytest.ini", "[pytest]\nopsproof_strict_selection = true\n")

    done = inside.run("checks", "-k", "SH-001", *(["--strict-selection"] if how == "option" else []))

    assert 1 == done.ret
    assert "GATE CLOSED at low: PARTIAL, 1 of 3 ran" in said(done)
    assert inside.result.gate.closed
    assert rebuilt(inside.team.latest.folder).gate.closed


def test_a_whole_run_opens_it(inside: Inside) -> None:
    """-m names a selection: all of it is whole."""
    assert 0 == inside.run("checks", "-m", "daily", "--strict-selection").ret
    assert "GATE OPEN at low" == inside.result.verdict
