"""Who ran what: looked up without leaving a trace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from opsproof.evidence import provenance


def test_a_look_at_the_work_tree_writes_nothing(tmp_path: Path) -> None:
    """git would renew its index of a file that looks changed and is not; and take a lock for it."""
    file = tmp_path / "runbook.yaml"
    file.write_text("as it was")
    author = ["-c", "user.name=x", "-c", "user.email=x@y"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    os.utime(file, (1, 1))
    index = tmp_path / ".git" / "index"
    before = index.read_bytes()

    found = provenance.git(tmp_path)

    assert "no" == found["dirty"] and 40 == len(found["commit"])
    assert before == index.read_bytes()
    file.write_text("as it is")
    assert "yes" == provenance.git(tmp_path)["dirty"]
