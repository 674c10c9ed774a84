"""`opsproof drill` as a person calls it: it says what it will do, does it, and the rows decide on its record."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from tests.drill.shop import Shop

ROOT = Path(__file__).parents[2]
RUNBOOK = """
requirements:
  SH-001:
    says: A restore is rehearsed
    checks: [backup/restore-tested]
    cadence: [monthly]
    level: high
    limits: {within: 92d, rto: 1h}
    when_empty: fail
  SH-002:
    says: Restored data are whole
    checks: [recovery/data-integrity]
    cadence: [dr]
    level: critical
    when_empty: fail
"""


class Folder:
    """A team's repository with one system and two environments."""

    def __init__(self, shop: Shop, path: Path) -> None:
        self.shop = shop
        self.path = path
        systems = path / "checks" / "systems" / "shop"
        (systems / "environments").mkdir(parents=True)
        for topic in ("backup", "recovery"):
            shutil.copytree(ROOT / "checks" / topic, path / "checks" / topic)
        (path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        (systems / "system.yaml").write_text("system: shop\ntitle: The shop\n")
        (systems / "runbook.yaml").write_text(textwrap.dedent(RUNBOOK))
        self.environment("staging")

    def environment(self, name: str, **targets: object) -> None:
        made = {role: {"kind": "postgres", **settings} for role, settings in targets.items()}  # type: ignore[dict-item]
        made["drill"] = self.shop.drill_settings
        text = yaml.safe_dump({"environment": name, "targets": made})
        (self.path / "checks" / "systems" / "shop" / "environments" / f"{name}.yaml").write_text(text)

    def drill(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from opsproof.cli import main; main()", "drill", *words]
        env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
        return subprocess.run(
            command,
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=env,
        )


@pytest.fixture
def folder(shop: Shop, tmp_path: Path) -> Folder:
    path = tmp_path / "team"
    path.mkdir()
    return Folder(shop, path)


@pytest.mark.slow
def test_a_drill_ends_with_the_rows_that_it_decides(folder: Folder) -> None:
    folder.shop.backup()
    done = folder.drill("shop/staging", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"into: a new database on postgres:127.0.0.1:{folder.shop.server.port}/postgres" in done.stdout
    assert "RPO " in done.stdout
    assert "RTO " in done.stdout
    assert "2 kept in" in done.stdout


@pytest.mark.slow
def test_a_drill_that_fails_turns_its_rows_red(folder: Folder) -> None:
    folder.shop.keep(b"\x1f\x8b\x08")
    done = folder.drill("shop/staging", "--yes", "--row", "SH-002")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "load the dump: what gzip packed is cut off" in done.stdout
    assert "FAIL" in done.stdout


@pytest.mark.slow
def test_nothing_is_begun_without_a_yes(folder: Folder) -> None:
    folder.shop.backup()
    done = folder.drill("shop/staging")
    assert (done.returncode, done.stderr) == (2, "nothing was begun: nobody could answer: say --yes\n")
    assert "into: a new database on" in done.stdout
    assert not folder.shop.records.exists()


@pytest.mark.slow
def test_what_another_environment_calls_production_is_refused(folder: Folder) -> None:
    folder.environment("production", main=folder.shop.scratch_settings)
    done = folder.drill("shop/staging", "--yes")
    assert done.returncode == 2
    assert done.stderr == (
        "nothing was begun: targets.drill.into is targets.main of shop/production: production is never restored into\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("shop/nowhere",), "no environment shop/nowhere; there are shop/staging"),
        (("shop/staging", "--row", "SH-009"), "no drill decides SH-009; drills decide SH-001, SH-002 here"),
    ],
)
def test_a_wish_that_cannot_be_met_says_what_there_is(
    folder: Folder, words: tuple[str, ...], says: str
) -> None:
    done = folder.drill(*words, "--yes")
    assert (done.returncode, done.stderr) == (2, f"nothing was begun: {says}\n")
