"""A selection that nothing automated bears names the rows that bear it: they are planned."""

from __future__ import annotations

import pytest

from tests.hooks.inside import Inside, said

ROW = "  SH-{n}:\n    says: Row {n}\n    planned: shop/later\n    cadence: [postdeploy]\n    level: low\n"


def planned(inside: Inside, count: int) -> None:
    runbook = inside.team.folder / "checks/systems/shop/runbook.yaml"
    runbook.write_text(runbook.read_text() + "".join(ROW.format(n=100 + n) for n in range(count)))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "-m 'postdeploy': 1 row bears it, none is automated yet (planned): SH-100"),
        (2, "-m 'postdeploy': 2 rows bear it, none is automated yet (planned): SH-100 SH-101"),
        (23, "SH-118 SH-119 and 3 more"),
    ],
)
def test_rows_without_automation_are_named(inside: Inside, count: int, told: str) -> None:
    """Exit 5, and whose turn it is."""
    planned(inside, count)

    done = inside.run("checks", "-m", "postdeploy")

    assert 5 == done.ret
    assert told in said(done)


def test_automated_rows_are_not_called_planned(inside: Inside) -> None:
    """SH-004 is planned and daily; the automated daily ones were taken away by -k, which is the reason to tell."""
    done = inside.run("checks", "-m", "daily", "-k", "nonsense")

    assert 5 == done.ret
    assert "planned" not in said(done)
