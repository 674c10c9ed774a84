"""Where checks come from: files of a folder, and the library that one line brings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsproof.library import Library, discover, file_of, name_of

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
    own = {name, "team_of_tests"}
    for module in [module for module in sys.modules if module.partition(".")[0] in own]:
        del sys.modules[module]


def test_checks_of_the_same_function_name_are_all_there(package: str) -> None:
    """The library goes by modules: two `check_reachable` do not hide each other."""
    assert [check.name for check in Library(package)] == ["cache/reachable", "database/reachable"]


def test_only_files_of_checks_are_imported(package: str) -> None:
    list(Library(package))
    assert not [name for name in sys.modules if name.startswith(package) and name.endswith("helper")]


@pytest.fixture
def team(package: str, tmp_path: Path) -> Path:
    """A team's folder of checks: the line that brings the library, and a check of its own."""
    folder = tmp_path / "team_of_tests"
    (folder / "own").mkdir(parents=True)
    (folder / "check_library.py").write_text(
        f"from opsproof.library import Library\nchecks = Library({package!r})\n"
    )
    (folder / "own" / "check_fast_pages.py").write_text(
        CHECK.format(name="own/fast-pages", function="check_it")
    )
    return folder


def test_a_folder_finds_its_own_and_the_librarys(team: Path) -> None:
    """One line brings the library; a check of the team's own stands beside it."""
    found = discover(team, team.parent)
    assert found.problems == []
    assert sorted(found.checks) == ["cache/reachable", "database/reachable", "own/fast-pages"]


def test_only_what_is_wanted_is_imported(team: Path, package: str) -> None:
    """The team's own by its file's name, and the library's: neighbours may even be broken."""
    (team / "own" / "check_broken.py").write_text("raise RuntimeError('not to be imported')")
    found = discover(team, team.parent, {"own/fast-pages", "cache/reachable"})
    assert found.problems == []
    assert sorted(found.checks) == ["cache/reachable", "own/fast-pages"]
    assert found.files == {
        team / "check_library.py": ["cache/reachable"],
        team / "own" / "check_fast_pages.py": ["own/fast-pages"],
    }
    assert f"{package}.database.check_reachable" not in sys.modules


def test_what_is_not_there_is_known_by_the_names_of_files(team: Path) -> None:
    """Nothing is imported to say what was meant."""
    (team / "own" / "check_broken.py").write_text("raise RuntimeError('not to be imported')")
    found = discover(team, team.parent, {"own/fast-page"})
    assert (found.problems, found.checks) == ([], {})
    assert found.known == {"cache/reachable", "database/reachable", "own/fast-pages", "own/broken"}


def test_a_folder_that_was_copied_with_its_compiled_code_is_the_copy(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code that pytest keeps beside a file names the folder that it was compiled in."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    own = tmp_path / "first" / "team_of_tests" / "own" / "check_pages.py"
    own.parent.mkdir(parents=True)
    own.write_text(CHECK.format(name="own/pages", function="check_it"))
    assert discover(own.parents[1], own.parents[2]).problems == []
    assert list(own.parent.rglob("*.pyc"))

    shutil.copytree(tmp_path / "first", tmp_path / "second")
    shutil.rmtree(tmp_path / "first")
    for module in [module for module in sys.modules if module.startswith("team_of_tests")]:
        del sys.modules[module]
    copied = tmp_path / "second" / "team_of_tests"
    found = discover(copied, copied.parent)
    assert found.problems == []
    assert found.checks["own/pages"].place == f"{copied / 'own' / 'check_pages.py'}:7:1"


@pytest.mark.parametrize("names", [None, {"cache/reachable"}])
def test_a_name_is_given_once(team: Path, names: set[str] | None) -> None:
    """A check of the team's own may not silently replace the library's."""
    (team / "cache").mkdir()
    (team / "cache" / "check_reachable.py").write_text(
        CHECK.format(name="cache/reachable", function="check_mine")
    )
    (problem,) = discover(team, team.parent, names).problems
    assert "check 'cache/reachable' is defined a second time; first at " in problem
    assert "/cache/check_reachable.py:7:1" in problem


@pytest.mark.parametrize(
    ("file", "name", "problem"),
    [
        (
            "own/check_pages.py",
            "own/page-weight",
            "check 'own/page-weight' is not in the file of its name; move it to own/check_page_weight.py",
        ),
        (
            "check_pages.py",
            "own/pages",
            "check 'own/pages' is not in the file of its name; move it to own/check_pages.py",
        ),
        (
            "own/check_pages.py",
            "pages",
            "check 'pages' is not in the file of its name; move it to check_pages.py",
        ),
        (
            "own/check_pages.py",
            "Own/Pages",
            "'Own/Pages' is not the name of a check; write it like capacity/pod-cpu",
        ),
    ],
)
def test_a_check_that_its_name_does_not_lead_to_is_refused(
    team: Path, file: str, name: str, problem: str
) -> None:
    """It would be missing in every run, since only the file of its name is imported."""
    (team / file).write_text(CHECK.format(name=name, function="check_it"))
    (found,) = discover(team, team.parent).problems
    assert found.endswith(f"{file}:7:1: {problem}")


def test_a_file_without_a_check_is_named(team: Path) -> None:
    (team / "own" / "check_nothing.py").write_text("from opsproof import check\n")
    (found,) = discover(team, team.parent).problems
    assert found.endswith("own/check_nothing.py:1:1: no check is defined here; own/nothing is looked for")


@pytest.mark.parametrize("name", ["../outside/pages", "/etc/pages", "own/../pages", "own//pages", ""])
def test_a_name_leads_to_no_file_outside_of_the_folder(name: str) -> None:
    assert file_of(name) == ""


@pytest.mark.parametrize("name", ["pages", "capacity/pod-cpu", "a/b/slo-99"])
def test_names_and_files_lead_to_each_other(name: str) -> None:
    assert name_of(Path(file_of(name))) == name


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
        timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout == "85 85 []\n", done.stdout + done.stderr
