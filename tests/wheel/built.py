"""The real wheel, and an empty folder with a virtual environment that holds nothing of ours but it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def wheel() -> Path:
    """Built once per process, from the checkout as it is."""
    folder = Path(tempfile.mkdtemp(prefix="opsproof-wheel-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@dataclass(frozen=True)
class Folder:
    """A team's empty folder. What the wheel depends on comes from this interpreter, not from the network."""

    path: Path

    @property
    def bin(self) -> Path:
        return self.path / ".venv" / "bin"

    def run(self, command: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """A shell command as a user of the folder types it, in a terminal of 80 columns."""
        return subprocess.run(
            ["bash", "-e", "-c", command], cwd=self.path, env=self.shell(), capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip

    def shell(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        python = Path(sys.executable).parent
        return kept | {
            "PATH": os.pathsep.join([str(self.bin), str(python), os.environ["PATH"]]),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PIP_FIND_LINKS": str(wheel().parent),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def borrow_libraries(self) -> None:
        """Let the environment see our libraries, after its own: a path file's folders read no path files."""
        places = [place for place in sys.path if place.endswith(("site-packages", "dist-packages"))]
        places.append(sysconfig.get_path("purelib"))
        (inside,) = (self.path / ".venv" / "lib").glob("python*/site-packages")
        (inside / "libraries.pth").write_text("\n".join(dict.fromkeys(places)) + "\n")
        pytest = self.bin / "pytest"
        pytest.write_text(f"#!{self.bin / 'python'}\nimport sys\nimport pytest\n\nsys.exit(pytest.main())\n")
        pytest.chmod(0o755)

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
