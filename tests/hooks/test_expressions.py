"""Names in the expressions of -m and -k."""

from __future__ import annotations

import pytest

from opsproof.hooks.expressions import names, unknown_markers, unknown_requirements


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("daily", ["daily"]),
        ("daily and not (slow or repo-scanner)", ["daily", "slow", "repo-scanner"]),
        ("device(serial='a b', port=3) or daily", ["device", "daily"]),
        ("RS-018 and not pods", ["RS-018", "pods"]),
        ("", []),
        ("daily daily and", ["daily"]),
    ],
)
def test_names_of_an_expression(expression: str, found: list[str]) -> None:
    """Operators, brackets and a marker's arguments are no names."""
    assert found == names(expression)


def test_markers_that_are_none_come_with_the_nearest() -> None:
    """A near spelling only where there is one."""
    assert ["-m: no marker is called Dayly; did you mean daily?", "-m: no marker is called xyz"] == list(
        unknown_markers("Dayly or xyz or weekly", {"daily", "weekly"})
    )


def test_only_whole_ids_of_requirements_are_doubted() -> None:
    """-k finds parts of names: what is part of an id, or no id at all, is no mistake."""

    def told(expression: str) -> list[str]:
        return list(unknown_requirements(expression, {"RS-018"}, {"RS-018", "RS-019"}, "here"))

    assert [] == told("RS-01 or rs-018 or pods or RS or check_pods-")
    assert ["-k: RS-019 is in the runbook, and no check decides it yet"] == told("rs-019")
    assert ["-k: no requirement of here is called RS-18; did you mean RS-018?"] == told("RS-18 and pods")
