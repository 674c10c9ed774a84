"""Only the files of the chosen environments are read, whatever else lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.plan.files import Files, read_all, read_files
from opsproof.plan.wanted import Wanted
from tests.environment.files import PRODUCTION, shop, write

PLAIN = "requirements:\n  {id}-001: {{says: x, planned: later, cadence: daily}}\n"
BROKEN = "environment: [\n"


@pytest.fixture
def systems(tmp_path: Path) -> Path:
    """The shop with production and staging, a stall, and files that nobody could read."""
    folder = shop(
        tmp_path,
        runbook=PLAIN.format(id="SH"),
        staging="environment: staging\nlike: base\n",
        base="environment: base\nlike: production\n",
        old=BROKEN,
    )
    write(folder / "stall", "system.yaml", "system: stall\ntitle: Stall\n")
    write(folder / "stall", "runbook.yaml", PLAIN.format(id="ST"))
    write(folder / "stall", "environments/production.yaml", "environment: production\n")
    write(folder / "ruin", "system.yaml", BROKEN)
    write(folder / "ruin", "environments/ruined.yaml", BROKEN)
    return folder


def chosen(systems: Path, *named: str, default: str = "") -> Files:
    return read_files(systems, systems.parents[1], Wanted.of(named, default))


def ids(files: Files) -> list[str]:
    return [one.id for one in files.chosen]


def test_a_named_environment_is_read_with_those_it_is_like(systems: Path) -> None:
    """And no file of another: the broken ones beside it are not even opened."""
    files = chosen(systems, "shop/staging")
    assert (ids(files), files.loaded.problems, files.problems) == (["shop/staging"], [], ())
    assert list(files.chosen[0].targets) == ["prometheus"]
    assert [name for name in files.loaded.digests() if "environments" in name] == [
        "shop/environments/base.yaml",
        "shop/environments/production.yaml",
        "shop/environments/staging.yaml",
    ]


def test_an_environment_of_several_systems_is_all_of_them(systems: Path) -> None:
    files = chosen(systems, "production")
    assert (ids(files), files.loaded.problems) == (["shop/production", "stall/production"], [])


def test_the_default_is_used_when_nothing_is_named(systems: Path) -> None:
    assert ids(chosen(systems, default="stall/production")) == ["stall/production"]
    assert ids(chosen(systems, "shop/production", default="stall/production")) == ["shop/production"]


def test_the_only_environment_needs_no_name(tmp_path: Path) -> None:
    systems = shop(tmp_path, production=PRODUCTION)
    assert ids(chosen(systems)) == ["shop/production"]


def test_of_several_one_has_to_be_named(systems: Path) -> None:
    (problem,) = chosen(systems).problems
    assert problem == (
        "which environment? give --env, or set opsproof_environment; there are: ruin/ruined, shop/base, shop/old, "
        "shop/production, shop/staging, stall/production"
    )


@pytest.mark.parametrize("name", ["shop/prodution", "prodution"])
def test_a_mistyped_environment_is_refused_with_the_nearest(systems: Path, name: str) -> None:
    (problem,) = chosen(systems, name).problems
    assert problem.startswith(f"--env {name}: no such environment; did you mean ")
    assert "production? there are: ruin/ruined, " in problem


@pytest.mark.parametrize(
    "name",
    ["../shop/production", "shop/../production", "shop/", "/production", "shop/environments/production"],
)
def test_a_name_is_no_path(systems: Path, name: str) -> None:
    files = chosen(systems, name)
    assert files.chosen == ()
    assert files.problems[0].startswith(f"--env {name}: no such environment")


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    more = {f"e{number:03}": f"environment: e{number:03}\n" for number in range(50)}
    (problem,) = chosen(shop(tmp_path, **more), "nothing").problems
    assert problem.endswith("shop/e019 and 31 more")


def test_the_mistakes_of_a_chosen_one_are_told(systems: Path) -> None:
    files = chosen(systems, "shop/old")
    assert files.chosen == ()
    assert [problem.file.name for problem in files.loaded.problems] == ["old.yaml"]


def test_validate_reads_everything(systems: Path) -> None:
    found = {problem.file.name for problem in read_all(systems, systems.parents[1]).loaded.problems}
    assert found >= {"old.yaml", "ruined.yaml", "system.yaml"}
