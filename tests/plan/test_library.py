"""Where checks come from: files of a folder, and the library that one line brings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsproof.library import Library, discover

CHECK = '''
"""A check."""
from typing import Annotated, Any
from opsproof import LOW, Limits, check
from opsproof.sources.http.facts import Endpoints

@check("{name}", title="t", level=LOW)
def {function}(pages: Annotated[Any, Endpoints()], limits: Limits, examine: Any) -> None:
    """r"""
    with examine("it"):
        assert pages
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A library in a package of its own: topics without `__init__.py`, as in the wheel."""
    name = "a_library_for_tests"
    for topic in ("cache", "database"):
        folder = tmp_path / name / topic
        folder.mkdir(parents=True)
        (folder / "check_reachable.py").write_text(
            CHECK.format(name=f"{topic}/reachable", function="check_reachable")
        )
        (folder / "helper.py").write_text("raise RuntimeError('no check lies here')")
    (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def test_checks_of_the_same_function_name_are_all_there(package: str) -> None:
    """The library goes by modules: two `check_reachable` do not hide each other."""
    assert [check.name for check in Library(package)] == ["cache/reachable", "database/reachable"]


def test_only_files_of_checks_are_imported(package: str) -> None:
    list(Library(package))
    assert not [name for name in sys.modules if name.startswith(package) and name.endswith("helper")]


def test_a_folder_finds_its_own_and_the_librarys(package: str, tmp_path: Path) -> None:
    """One line brings the library; a check of the team's own stands beside it."""
    folder = tmp_path / "team_of_tests"
    (folder / "own").mkdir(parents=True)
    (folder / "check_library.py").write_text(
        f"from opsproof.library import Library\nchecks = Library({package!r})\n"
    )
    (folder / "own" / "check_shop.py").write_text(CHECK.format(name="own/shop", function="check_shop"))
    found = discover(folder, tmp_path)
    assert found.problems == []
    assert sorted(found.checks) == ["cache/reachable", "database/reachable", "own/shop"]


def test_a_name_is_given_once(package: str, tmp_path: Path) -> None:
    """A check of the team's own may not silently replace the library's."""
    folder = tmp_path / "other_team_of_tests"
    folder.mkdir()
    (folder / "check_library.py").write_text(
        f"from opsproof.library import Library\nchecks = Library({package!r})\n"
    )
    (folder / "check_other.py").write_text(CHECK.format(name="cache/reachable", function="check_mine"))
    (problem,) = discover(folder, tmp_path).problems
    assert "check 'cache/reachable' is defined a second time; first at " in problem
    assert "/cache/check_reachable.py:7:1" in problem


def test_every_check_of_this_repository_is_found() -> None:
    """By name, each with sources and limits that can be read; in a process of its own, as its modules are pytest's."""
    root = Path(__file__).parents[2]
    code = (
        "from pathlib import Path\nfrom opsproof.library import discover\n"
        "found = discover(Path('checks').resolve(), Path().resolve())\n"
        "print(len(found.checks), len({check.function.__name__ for check in found.checks.values()}), found.problems)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={"PYTHONPATH": str(root / "plugins")}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "34 34 []\n", done.stdout + done.stderr
