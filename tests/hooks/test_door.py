"""The plugin where it is installed and not used, and who lets it in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import opsproof
from tests.hooks.team import ROOT, Shop, Team

HEAVY = (
    "msgspec",
    "pydantic",
    "requests",
    "yaml",
    "jinja2",
    "cryptography",
    "kubernetes",
    "click",
    "urllib3",
)
OURS = {"opsproof", "opsproof.plugin", "opsproof.hooks", "opsproof.hooks.options", "opsproof.hooks.reach"}


def test_a_run_without_checks_imports_the_door_alone(tmp_path: Path) -> None:
    """A plain pytest in an empty project loads none of the libraries, and of ours what looks at the arguments."""
    (tmp_path / "test_own.py").write_text("def test_own() -> None:\n    assert 1\n")
    code = (
        "import pytest, sys\n"
        "status = pytest.main(['-q', '-p', 'opsproof.plugin', '-p', 'no:cacheprovider'])\n"
        "print('loaded:', int(status), *sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "plugins"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    status, *loaded = done.stdout.rpartition("loaded:")[2].split()
    assert "0" == status, done.stdout
    assert OURS == {name for name in loaded if name.partition(".")[0] == "opsproof"}
    assert set() == {name for name in loaded if name.partition(".")[0] in HEAVY}


def test_what_a_check_imports_is_all_there() -> None:
    """Every name of the package is found where it is promised, and no other."""
    assert set(opsproof.__all__) == {name for name in opsproof.__all__ if getattr(opsproof, name)}
    assert not hasattr(opsproof, "Nonsense")


def test_a_bare_pytest_asks_nobody(team: Team, shop: Shop) -> None:
    """Neither from the rootdir, nor by testpaths, nor by addopts: the own tests run, and a line says how to ask."""
    team.write("test_own.py", "def test_own() -> None:\n    assert 1\n")
    told = "opsproof: nothing was checked: a run that asks servers names its folder: pytest checks"

    for ini in ("", "testpaths = checks .", "addopts = checks .", "addopts = --env production"):
        team.write("pytest.ini", f"[pytest]\n{ini}\n")
        done = team.run("-q", ".") if not ini else team.run("-q")
        assert 0 == done.returncode, done.stdout + done.stderr
        assert told in done.stdout, ini
        assert "1 passed" in done.stdout

    assert [] == shop.seen
    assert not (team.folder / "reports").exists()


def test_an_environment_asks_for_a_run(team: Team) -> None:
    """--env, typed, is asking: whatever path reaches the folder."""
    done = team.run(".", "--env", "production")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"SH-001": "pass", "SH-002": "pass", "SH-003": "pass"} == team.outcomes()


def test_a_file_of_checks_asks_for_a_run(team: Team) -> None:
    """A file below the folder, or one item of it, is naming the folder."""
    done = team.run("checks/shop/check_pages.py::check_pages[SH-002-shop/production]")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"SH-002": "pass"} == team.outcomes()


def test_asking_without_a_folder_is_refused(team: Team) -> None:
    """--env where no argument reaches checks would be a green run of nothing: exit 4."""
    team.write("tests/test_own.py", "def test_own() -> None:\n    assert 1\n")

    done = team.run("tests", "--env", "production")

    assert 4 == done.returncode
    assert (
        "--env: no argument reaches a folder of checks; name it, e.g. pytest checks --env ..." in done.stderr
    )
