"""A source that lives outside of this repository: the example, installed beside it for as long as a test lasts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsproof.environment import kinds
from tests.hooks.inside import opsproof_inside

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "opsproof-rabbitmq"


def installed(folder: Path) -> Path:
    """What an installation of the example leaves in site-packages: its package, and where its entry point is."""
    shutil.copytree(EXAMPLE / "opsproof_rabbitmq", folder / "opsproof_rabbitmq")
    about = folder / "opsproof_rabbitmq-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: opsproof-rabbitmq\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text("[opsproof.sources]\nrabbitmq = opsproof_rabbitmq:SOURCE\n")
    return folder


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """In this process, too."""
    sys.path.insert(0, str(folder))
    kinds.kinds.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        kinds.kinds.cache_clear()


@dataclass(frozen=True)
class Team:
    """A team's repository with the example's checks and system, and the source installed for it."""

    folder: Path
    packages: Path
    password: str = "a-password-of-the-test"

    @classmethod
    def at(cls, folder: Path, url: str) -> Team:
        team = cls(folder / "repository", installed(folder / "packages"))
        shutil.copytree(EXAMPLE / "checks", team.folder / "checks")
        environment = team.folder / "checks/systems/mail/environments/local.yaml"
        environment.write_text(environment.read_text().replace("http://127.0.0.1:15672", url))
        return team

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        plugins = ("-p", "opsproof.plugin", "-p", "no:hypothesispytest", "-W", "error")
        path = os.pathsep.join([str(self.packages), str(ROOT / "plugins")])
        return subprocess.run(
            [sys.executable, "-m", "pytest", *plugins, "checks", *words],
            cwd=self.folder, env={**os.environ, **self._variables(), "PYTHONPATH": path},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def opsproof(self, *words: str) -> subprocess.CompletedProcess[str]:
        with importable(self.packages), pytest.MonkeyPatch.context() as shell:
            shell.chdir(self.folder)
            for name, value in self._variables().items():
                shell.setenv(name, value)
            return opsproof_inside(*words)

    def _variables(self) -> Mapping[str, str]:
        return {"COLUMNS": "80", "NO_COLOR": "1", "RABBITMQ_PASSWORD": self.password}
