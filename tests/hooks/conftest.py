"""The team and its shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hooks.inside import Inside
from tests.hooks.team import Shop, Team


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture
def team(tmp_path: Path, shop: Shop) -> Team:
    return Team.at(tmp_path / "team", shop.url)


@pytest.fixture
def inside(team: Team, shop: Shop, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Inside:
    monkeypatch.chdir(team.folder)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Inside(team, shop, pytester)
