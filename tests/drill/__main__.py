"""python -m tests.drill: tries all cases on servers of its own and writes their table into docs/drill.md."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.drill.conftest import prepared
from tests.drill.page import PAGE, written
from tests.testbed import place

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with place.elsewhere(folder, {}), prepared() as server:
            PAGE.write_text(written(server))
