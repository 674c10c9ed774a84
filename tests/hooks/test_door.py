"""The plugin where it is installed and not used, and who lets it in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import opsproof
from tests.hooks.inside import Inside, said
from tests.hooks.team import ROOT

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


@pytest.mark.parametrize(
    ("ini", "words"),
    [
        ("", (".",)),
        ("", ()),
        ("testpaths = checks .", ()),
        ("addopts = checks .", ()),
        ("addopts = --env production", ()),
    ],
)
def test_a_bare_pytest_asks_nobody(inside: Inside, ini: str, words: tuple[str, ...]) -> None:
    """Neither from the rootdir, nor by testpaths, nor by addopts: the own tests run, and a line says how to ask."""
    inside.team.write("test_own.py", "def test_own() -> None:\n    assert 1\n")
    inside.team.write("pytest.ini", f"[pytest]\n{ini}\n")

    done = inside.run("-q", *words)

    assert 0 == done.ret, said(done)
    assert "1 passed" in said(done)
    told = "opsproof: nothing was checked: a run that asks servers names its folder: pytest checks"
    assert told in done.outlines
    assert [] == inside.shop.seen
    assert not (inside.team.folder / "reports").exists()


@pytest.mark.parametrize(
    ("words", "decided"),
    [
        (("checks",), {"SH-001", "SH-002", "SH-003"}),
        (("./checks/", "-m", "weekly"), {"SH-003"}),
        (("checks/shop/check_pages.py::check_pages[SH-002-shop/production]",), {"SH-002"}),
        ((".", "--env", "production"), {"SH-001", "SH-002", "SH-003"}),
        (("--env=shop/production",), {"SH-001", "SH-002", "SH-003"}),
    ],
)
def test_naming_checks_or_an_environment_asks_for_a_run(
    inside: Inside, words: tuple[str, ...], decided: set[str]
) -> None:
    """The folder, a file below it or one item of it; or --env, typed, whatever path reaches the folder."""
    done = inside.run(*words)

    assert 0 == done.ret, said(done)
    assert dict.fromkeys(decided, "pass") == inside.outcomes


def test_asking_without_a_folder_is_refused(inside: Inside) -> None:
    """--env where no argument reaches checks would be a green run of nothing: exit 4."""
    inside.team.write("tests/test_own.py", "def test_own() -> None:\n    assert 1\n")

    done = inside.run("tests", "--env", "production")

    assert 4 == done.ret
    assert "--env: no argument reaches a folder of checks; name it, e.g. pytest checks --env ..." in said(
        done
    )
