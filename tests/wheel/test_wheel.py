"""The team's view: the real wheel in an empty folder, and nothing else of this repository."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hooks.team import CHECK, Shop
from tests.wheel.built import ROOT, Folder, wheel

SYSTEM = """
system: shop
title: The shop
names: {base: null}
"""
RUNBOOK = """
requirements:
  SH-001:
    says: The front page answers
    checks: [health/http-endpoint]
    cadence: [daily]
    level: critical
    scope: {urls: ["${base}/front"]}
    limits: {probes: 1}
  SH-002:
    says: The cart answers
    checks: [shop/pages]
    cadence: [daily]
    level: medium
    scope: {urls: ["${base}/cart"]}
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def folder(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("team"))
    installed = made.run("python3 -m venv .venv && .venv/bin/pip install --quiet opsproof")
    assert installed.returncode == 0, installed.stderr
    made.borrow_libraries()
    made.write("checks/check_library.py", "from opsproof.library import checks\n")
    made.write("checks/shop/check_pages.py", CHECK.lstrip())
    made.write("checks/systems/shop/system.yaml", SYSTEM)
    made.write("checks/systems/shop/runbook.yaml", RUNBOOK)
    made.write(
        "checks/systems/shop/environments/live.yaml",
        f"environment: live\ntargets: {{http: {{}}}}\nnames: {{base: {shop.url}}}\n",
    )
    return made


def test_the_wheel_holds_the_library_and_no_system() -> None:
    """Every check of this repository, none of its systems, tests or recordings."""
    with zipfile.ZipFile(wheel()) as archive:
        names = set(archive.namelist())
    checks = {
        f"opsproof/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "checks").glob("*/check_*.py")
    }
    shipped = {name for name in names if name.startswith("opsproof/checks/")}
    assert len(checks) > 20
    assert checks == shipped
    assert not [name for name in names if "systems/" in name or "tests/" in name or "reports/" in name]
    assert {"opsproof/report/result.schema.json", "opsproof/report/templates/report.html.j2"} <= names
    assert {"opsproof/sources/postgres/rights/opsproof.sql", "opsproof/testing/contract.py"} <= names


def test_only_the_wheel_is_there(folder: Folder) -> None:
    """What is tested is the installed distribution, not this checkout."""
    found = folder.run(
        "python -c 'import opsproof, opsproof.checks.health.check_pods_ready as pods;"
        " print(opsproof.__file__, pods.__file__)'"
    )

    assert [str(folder.path / ".venv")] * 2 == [place.split("/lib/")[0] for place in found.stdout.split()], (
        found
    )


def test_a_system_and_one_check_of_its_own_are_enough(folder: Folder, shop: Shop) -> None:
    """`pytest checks -m daily`: library and own checks decide alike, without any configuration."""
    shop.statuses = {}
    done = folder.run("pytest checks -m daily -W error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 requirements in the runbooks, 2 automated, 2 selected, 2 decided" in done.stdout

    shop.statuses = {"/front": 503, "/cart": 404}
    done = folder.run("pytest checks -m daily -n 2")
    assert done.returncode == 1, done.stdout + done.stderr
    for part in ("SH-001", "HTTP 503", "SH-002", "HTTP 404", "GATE CLOSED at low: 2 failed"):
        assert part in done.stdout


def test_the_command_is_there(folder: Folder) -> None:
    """`opsproof validate` and `verify` work on the team's files and runs."""
    valid = folder.run("opsproof validate")
    assert (valid.returncode, valid.stdout) == (
        0,
        "1 system, 2 requirements, 2 automated: nothing wrong\n",
    ), valid
    folder.run("pytest checks -m daily")
    assert folder.run("opsproof verify reports/latest").returncode == 0


def test_an_automated_requirement_without_a_check_is_an_error(folder: Folder) -> None:
    """Without the one line that brings the library, its rows are named, not passed over."""
    line = folder.path / "checks" / "check_library.py"
    text = line.read_text()
    line.write_text("")
    try:
        done = folder.run("pytest checks -m daily")
    finally:
        line.write_text(text)
    assert done.returncode == 4, done.stdout
    assert "checks/systems/shop/runbook.yaml:5:14: unknown check 'health/http-endpoint'" in done.stderr


def test_the_librarys_assertions_are_rewritten(folder: Folder) -> None:
    """An assert without a message in a library check still says what it compared."""
    code = (
        "import opsproof.plugin, sys\n"
        "from _pytest.assertion.rewrite import AssertionRewritingHook\n"
        "import pytest\n"
        "class P:\n"
        "    def pytest_sessionstart(self):\n"
        "        import opsproof.checks.health.check_pods_ready as m\n"
        "        print('loaded by', type(m.__loader__).__name__)\n"
        "pytest.main(['checks', '-q', '-s', '--collect-only'], plugins=[P()])\n"
    )
    folder.write("rewritten.py", code)
    done = folder.run("python rewritten.py")
    assert "loaded by AssertionRewritingHook" in done.stdout, done.stdout + done.stderr


def test_nothing_but_reports_is_left_behind(folder: Folder) -> None:
    """A run writes to its reports and to pytest's and Python's caches."""
    allowed = {".venv", "checks", "reports", ".pytest_cache", "rewritten.py"}
    assert {path.name for path in folder.path.iterdir()} <= allowed
    assert not [
        path
        for path in Path(folder.path / "checks").rglob("*")
        if path.suffix not in {".py", ".yaml", ".pyc", ""}
    ]
