"""Who ran what: looked up without leaving a trace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    "settings",
    [
        {"core.fsmonitor": "PROGRAM"},
        {"core.hooksPath": "HOOKS"},
        {"filter.x.clean": "PROGRAM", "filter.x.required": "true"},
        {"filter.x.process": "PROGRAM"},
    ],
)
def test_a_repository_cannot_make_a_look_at_it_start_a_program(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    """Monitors, hooks and content filters that its configuration names stay where they are."""
    repository, mark = tmp_path / "repository", tmp_path / "it-ran"
    repository.mkdir()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "post-index-change").symlink_to(program)
    (repository / "runbook.yaml").write_text("as it was")
    author = ["-c", "user.name=x", "-c", "user.email=x@y"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    for key, value in settings.items():
        text = value.replace("PROGRAM", str(program)).replace("HOOKS", str(tmp_path / "hooks"))
        subprocess.run(["git", "config", key, text], cwd=repository, check=True)
    (repository / "runbook.yaml").write_text("as it is!")
    os.utime(repository / "runbook.yaml", (1, 1))

    assert "yes" == provenance.git(repository)["dirty"]
    assert not mark.exists()
