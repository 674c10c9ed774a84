"""python -m tests.drill [velero]: tries all cases and writes their table into docs/drill.md.

Dumps on servers of its own; backups of Velero on the testbed, which has to be up.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.drill.conftest import prepared
from tests.drill.page import PAGE, of_dumps, of_namespaces
from tests.testbed import place


def main(words: list[str]) -> None:
    if words == ["velero"]:
        PAGE.write_text(of_namespaces())
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with place.elsewhere(folder, {}), prepared() as server:
            PAGE.write_text(of_dumps(server))


if __name__ == "__main__":
    main(sys.argv[1:])
