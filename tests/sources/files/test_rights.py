"""The script that `opsproof rights` prints for a folder of a host: what it lets through is all that is asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from opsproof.model.failure import Forbidden, NotFound
from opsproof.model.rights import Account, Need
from opsproof.model.target import Target
from opsproof.sources.files.collector import FilesCollector
from opsproof.sources.files.facts import ListedOf, ReadOf
from opsproof.sources.files.rights import RIGHTS
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.link import Link
from opsproof.transport.program import Ended
from tests.testbed import stored

LISTED = ListedOf(target="files:test", pattern="db-%Y%m%d.sql.gz")
READ = ReadOf(target="files:test", pattern="db-%Y%m%d.sql.gz", which="newest", most=2**20)
NEEDS = (*LISTED.needs, *READ.needs, *RIGHTS.identity)


class Forced:
    """As sshd runs a forced command: whatever is asked for, the script decides."""

    def __init__(self, script: str) -> None:
        self.script = script

    def run(self, command: str, link: Link, shown: str = "") -> Ended:
        with link.request("RUN", shown or command) as entry:
            done = subprocess.run(
                ["sh", "-c", self.script], env={**os.environ, "SSH_ORIGINAL_COMMAND": command}, capture_output=True
            )  # fmt: skip
            entry.status = done.returncode
            return Ended(done.returncode, done.stdout, len(done.stdout))

    def close(self) -> None:
        """Nothing stays open."""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "db-20260131.sql.gz").write_bytes(stored.packed(stored.dump()))
    for name in ("key", "known_hosts"):
        (tmp_path / name).write_text("none")
    ways = {name: str(tmp_path / name) for name in ("key", "known_hosts")}
    return target_of("files", host="backup.example.com", user="ops", folder=str(folder), **ways)


def collector(target: Target, *needs: Need) -> FilesCollector:
    (file,) = RIGHTS.files(needs, target, Account())
    made = FilesCollector(target)
    made._way = Forced(file.text)
    return made


def test_what_is_printed_is_enough(target: Target) -> None:
    made, link = collector(target, *NEEDS), RecordingLink(target)
    assert [] == made.lacks(NEEDS, link)
    assert 1 == len(made.collect(LISTED, link).stored)  # type: ignore[union-attr]
    assert made.collect(READ, link).trailer  # type: ignore[union-attr]


def test_a_right_that_is_missing_is_named(target: Target) -> None:
    """A row was changed since: the script lets another pattern through."""
    made, link = collector(target, *READ.needs, *RIGHTS.identity), RecordingLink(target)
    assert [*LISTED.needs] == made.lacks(NEEDS, link)
    with pytest.raises(Forbidden):
        made.collect(LISTED, link)


def test_of_what_would_read_a_backup_only_python_is_asked_for(target: Target) -> None:
    """Nobody waits for 20 GiB to hear what is missing; without a clock, too, all is."""
    made, link = collector(target, *LISTED.needs), RecordingLink(target)
    assert [*READ.needs, *RIGHTS.identity] == made.lacks(NEEDS, link)
    assert not any(" read " in path for path in link.paths)


def test_a_folder_that_is_not_there_tells_nothing(target: Target) -> None:
    for path in Path(target.settings.folder).iterdir():
        path.unlink()
    Path(target.settings.folder).rmdir()
    with pytest.raises(NotFound):
        collector(target, *NEEDS).lacks(NEEDS, RecordingLink(target))
