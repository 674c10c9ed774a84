"""Ended: the run is judged, its reports are written, and the gate has decided the exit status."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from opsproof.evidence import plain
from opsproof.evidence.files import Unwritable, create
from opsproof.evidence.run import end_record, utc_now
from opsproof.evidence.servers import target_reports
from opsproof.evidence.store import Store
from opsproof.hooks.running import Running
from opsproof.judge.rebuild import result_of
from opsproof.model.ask import Identify
from opsproof.model.result import Result
from opsproof.report import write as reports

ANOTHER_SAID = frozenset({pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED})


class Ended(msgspec.Struct, frozen=True):
    """What a run came to. `unwritten` says why it is not whole; empty when all is kept.

    `digest` is that of the manifest: who knows it knows all of the run.
    """

    result: Result
    folder: Path
    unwritten: str
    digest: str

    def status(self, status: int, others_failed: bool) -> int:
        """The exit status: the gate's, where nothing but checks has a say in it.

        Args:
            status: pytest's own.
            others_failed: failures that are not ours to judge: other tests, or a broken teardown.
        """
        if self.unwritten:
            return int(pytest.ExitCode.INTERRUPTED)
        if status not in ANOTHER_SAID or others_failed:
            return status
        return int(pytest.ExitCode.TESTS_FAILED if self.result.gate.closed else pytest.ExitCode.OK)

    def exposes(self, file: Path) -> bool:
        """Whether a file that is written beside the run's own folder lies open to others."""
        beside = file.resolve().parent
        within = beside == self.folder.parent or self.folder.parent in beside.parents
        return within and bool(stat.S_IMODE(beside.stat().st_mode) & 0o077)

    def shown_folder(self) -> str:
        """Where the report lies; empty when it could not be written."""
        if not (self.folder / "report.html").exists():
            return ""
        try:
            return str(self.folder.relative_to(Path.cwd()))
        except ValueError:
            return str(self.folder)


ended_key = pytest.StashKey[Ended]()


def end(running: Running) -> Ended:
    """Close the journal, judge, and write all reports; what cannot be written is said in the outcome."""
    unwritten, digest = running.unwritten, ""
    running.collection.forget()  # reports of many findings need the memory
    try:
        _close_journal(running)
    except Unwritable as why:
        unwritten = unwritten or str(why)
    result = result_of(running.run)
    try:
        reports.write(running.run, result)
        digest = running.run.finish(running.planning.settings.reports, running.planning.planned.environments)
    except Unwritable as why:
        unwritten = unwritten or str(why)
    return Ended(result, running.run.folder, unwritten, digest)


def _close_journal(running: Running) -> None:
    planned, store = running.planning.planned, running.collection.store
    for report in target_reports(planned.targets.values(), store, running.planning.now):
        running.run.journal.append("target", report)
    running.run.journal.append("end", end_record(utc_now()))
    if not running.collection.live:
        _keep_facts(running)


def _keep_facts(running: Running) -> None:
    """A replay's folder holds the facts it decided on, so that it can be replayed itself."""
    planned, store = running.planning.planned, running.collection.store
    own = Store(running.run.folder / "facts")
    digests = {ask.digest for item in planned.items for ask in item.all_asks}
    digests |= {Identify(target=target).digest for target in planned.targets}
    for digest in digests:
        for attempt in range(store.superseded(digest) + 1):
            _keep(store.path(digest, attempt), own.path(digest, attempt))


def _keep(there: Path, here: Path) -> None:
    """What is no plain file was no answer either."""
    if not here.exists():
        with suppress(FileNotFoundError, plain.NotPlain):
            create(here, plain.content(there))
