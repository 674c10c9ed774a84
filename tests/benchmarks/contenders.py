"""Who is measured: opsproof, and what it is held against."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import system
from tests.benchmarks.measure import Sample, run
from tests.benchmarks.world import namespace_of
from tests.testbed import build, kubernetes_access

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Plugins of this repository's own tests stay out: one of them takes 0.2 s at the end of every session.
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
STAGES = ("-p", "tests.benchmarks.stages")
DECIDED = (0, 1)  # a closed gate is an answer too

RAW, OPSPROOF, PARALLEL, KUBECTL, MODELS = (
    "raw paged GET",
    "opsproof",
    "opsproof -n 4",
    "kubectl",
    "client's models",
)
DEMO, BARE = "opsproof, demo", "bare pytest"


@dataclass(frozen=True)
class Arena:
    """A folder for one size: a copy of the checks, and what the others need to read the same."""

    folder: Path
    pods: int

    @classmethod
    def at(cls, folder: Path, pods: int) -> Arena:
        folder.mkdir()
        arena = cls(folder, pods)
        system.write(folder, pods, arena.kubeconfig)
        return arena

    @property
    def kubeconfig(self) -> Path:
        return kubernetes_access.credentials() / "opsproof.kubeconfig"

    def contenders(self) -> dict[str, Callable[[], Sample]]:
        return {
            RAW: self.raw,
            OPSPROOF: self.opsproof,
            PARALLEL: lambda: self.opsproof("-n", "4"),
            MODELS: self.models,
            KUBECTL: self.kubectl,
        }

    def opsproof(self, *words: str) -> Sample:
        """The whole daily run. Workers of xdist tell no stages."""
        told = () if words else STAGES
        return self._run(*daily(*told), *words)

    def raw(self) -> Sample:
        """What opsproof asked for in its latest run, page by page, unread."""
        return self._run(sys.executable, str(HERE / "raw_get.py"), str(self.kubeconfig), *self.paths())

    def models(self) -> Sample:
        script = str(HERE / "models.py")
        return self._run(sys.executable, script, str(self.kubeconfig), namespace_of(self.pods))

    def kubectl(self) -> Sample:
        script = system.kubectl_script(build.programs() / "kubectl", self.kubeconfig, self.pods)
        return self._run("/bin/sh", "-c", script)

    def paths(self) -> list[str]:
        """The first page of everything that the latest run asked for, each once."""
        lines = (self.folder / "reports" / "latest" / "requests.jsonl").read_text().splitlines()
        asked = [str(json.loads(line)["path"]) for line in lines]
        return list(dict.fromkeys(path for path in asked if "continue=" not in path))

    def problems(self) -> list[str]:
        """Requirements that the latest run did not find kept: the world is not what it should be."""
        result = json.loads((self.folder / "reports" / "latest" / "result.json").read_text())
        return [
            f"{one['requirement']['id']} {one['outcome']} ({_first_message(one)})"
            for one in result["requirements"]
            if one["outcome"] not in {"pass", "not_applicable"}
        ]

    def _run(self, *command: str) -> Sample:
        return run(command, self.folder, env=shell(self.folder), good=DECIDED)


def _first_message(requirement: dict[str, Any]) -> str:
    findings = (finding for item in requirement["items"] for finding in item.get("findings", []))
    return next((str(finding["message"]) for finding in findings), "no finding")


def daily(*words: str) -> list[str]:
    """The daily run of the benchmark's system."""
    return [sys.executable, *PYTEST, *words, "checks", "-m", "daily", "--env", f"{system.NAME}/big"]


def demo(folder: Path) -> Sample:
    """This repository's daily run on its recording."""
    command = (sys.executable, *PYTEST, *STAGES, str(ROOT / "checks"), "-m", "daily")
    where = ("--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "--reports", str(folder / "reports"))
    return run([*command, *where], folder, env=shell(folder), good=DECIDED)


def demo_items(folder: Path) -> int:
    selection = json.loads((folder / "reports" / "latest" / "selection.json").read_text())
    return len(selection["nodeids"])


def bare(folder: Path, tests: int) -> Sample:
    """As many tests that do nothing, without our plugin."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_nothing.py").write_text(
        "".join(f"def test_{number}():\n    pass\n\n" for number in range(tests))
    )
    return run([sys.executable, *PYTEST, "test_nothing.py"], folder, env=shell(folder))


def shell(folder: Path) -> dict[str, str]:
    """Compiled modules are kept, as on anybody's machine; kubectl's cache lies apart."""
    return {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder.parent / "pycache"),
        "KUBECACHEDIR": str(folder / "kubectl"),
    }
