"""One process's part of a run: what the hooks of `opsproof.plugin` call, stage by stage."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsproof.collect.collection import Collection, Progress
from opsproof.collect.redaction import Redactor
from opsproof.collect.secrets import secrets_of
from opsproof.environment.load import load_systems
from opsproof.evidence import provenance
from opsproof.evidence.files import Unwritable, write_atomically
from opsproof.evidence.run import Run, end_record, open_run, utc_now
from opsproof.evidence.servers import target_reports
from opsproof.evidence.store import Store
from opsproof.examine.check import Check
from opsproof.examine.decide import Item, decide
from opsproof.hooks.expressions import mistaken, nothing_selected
from opsproof.hooks.garbage import made_to_stay
from opsproof.judge.rebuild import result_of
from opsproof.judge.waivers import use, waived
from opsproof.library import discover
from opsproof.model.ask import Identify
from opsproof.model.finding import ItemResult
from opsproof.model.level import Level
from opsproof.model.requirement import CADENCES
from opsproof.model.result import Provenance, Result, Selection
from opsproof.model.units import Duration
from opsproof.plan.changes import parse_changes
from opsproof.plan.plan import make_plan
from opsproof.plan.planned import Planned
from opsproof.plan.wanted import Wanted
from opsproof.report import write as reports


class Session:
    """State between the hooks, on the controller and on each xdist worker."""

    def __init__(self, config: pytest.Config, systems: Path) -> None:
        self.config = config
        self.systems = systems
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", {}).get("opsproof")
        self.is_worker = hasattr(config, "workerinput")
        self.planned: Planned | None = None
        self.run: Run | None = None
        self.collection: Collection | None = None
        self.result: Result | None = None
        self.now = utc_now()
        self.ends = time.monotonic()
        self.mistaken: tuple[str, ...] = ()
        self.unwritten = ""
        self._by_check: dict[str, list[Item]] = defaultdict(list)

    @classmethod
    def of(cls, config: pytest.Config) -> Session | None:
        """A session when the folder of systems exists and an argument reaches its checks; else None."""
        paths = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
        systems = _systems(config, paths)
        if systems is None:
            return None
        root = systems.parent
        reached = any(path == root or root in path.parents or path in root.parents for path in paths)
        return cls(config, systems) if reached else None

    # -- plan ----------------------------------------------------------------------------------------

    def marker_lines(self) -> Iterable[str]:
        """Markers for `-m`: cadences, levels, kinds, and the systems' names."""
        for word in CADENCES:
            yield f"{word}: requirements of that cadence (continuous ones are daily too)"
        for level in Level:
            yield f"{level.value}: requirements of that severity"
        yield "gate: requirements that gate a change"
        for folder in sorted(path.name for path in self.systems.iterdir() if path.is_dir()):
            yield f"{folder}: requirements of that system"

    def markers(self, item: Item) -> Iterable[str]:
        assert self.planned is not None
        row = self.planned.row(item)
        yield from row.markers
        yield item.level.value
        yield item.system
        if row.kind == "gate":
            yield "gate"

    def start(self) -> None:
        """Plan from files; on the controller, refuse bad input and make the run's folder."""
        with made_to_stay():
            self._plan()
        if self.config.option.collectonly:
            return
        try:
            if self.is_worker:
                self._join()
            else:
                self._begin()
        except Unwritable as why:
            raise pytest.UsageError(str(why)) from None

    def _plan(self) -> None:
        found = discover(self.systems.parent, self.config.rootpath)
        loaded = load_systems(self.systems)
        changes = parse_changes(self.config.option.limits)
        wanted = Wanted.of(self.config.option.env, self.config.getini("opsproof_environment"))
        planned = make_plan(
            loaded,
            found,
            wanted,
            changes=changes,
            replaying=self.config.option.replay is not None,
            now=self.now,
        )
        problems = planned.problems if self._whole_folder() else planned.problems_without_lost
        if changes and self.config.option.replay is None and planned.recording is None:
            problems = (
                *problems,
                "--limits shows what would have changed in a recorded run: add --replay RUN",
            )
        if problems:
            raise pytest.UsageError(*problems)
        self.planned = planned
        for item in planned.items:
            self._by_check[item.check.name].append(item)
        self.mistaken = tuple(mistaken(self.config, planned))

    def remarks(self) -> Iterable[str]:
        """What else the summary says of the session: what could not be written, names that nothing bears."""
        if self.unwritten:
            yield f"{self.unwritten}. The run is not whole: its exit status is 2, whatever the gate says"
        yield from self.mistaken

    def nothing_selected(self) -> Iterable[str]:
        """What to say where the selection is empty."""
        option = self.config.option
        example = next((self.item_name(item) for item in self.planned.items), "") if self.planned else ""
        return nothing_selected(option.markexpr, option.keyword, self.marker_lines(), example)

    def _whole_folder(self) -> bool:
        root = self.systems.parent
        paths = [(self.config.invocation_params.dir / arg).resolve() for arg in self.config.args]
        return any(path == root or path in root.parents for path in paths)

    def items_of(self, check: Check) -> Sequence[Item]:
        return self._by_check[check.name]

    def item_name(self, item: Item) -> str:
        """`check_pods_ready[RS-018-repo-scanner/production]`: what -k and --lf see."""
        return f"{item.check.function.__name__}[{item.requirement}-{item.system}/{item.environment}]"

    def shown_path(self, path: Path) -> str:
        """A file of checks below the team's repository."""
        try:
            return path.resolve().relative_to(self.systems.parents[1]).as_posix()
        except ValueError:
            return path.name

    # -- the run's folder ----------------------------------------------------------------------------

    def _begin(self) -> None:
        assert self.planned is not None
        source = self._source()
        if source is not None:
            self.now = source.read_now()
        self.run = Run.create(self.reports, utc_now())
        self.ends = time.monotonic() + self._deadline()
        record = self._provenance(source)
        self.run.journal.append("start", record)
        self.run.write("plan.json", self.planned.record)
        for waiver in self.planned.waivers:
            self.run.journal.append("waiver", use(waiver, self.now))
        self.collection = self._collection(source)

    def _join(self) -> None:
        assert self.worker is not None
        self.run = Run(Path(self.worker["folder"]))
        self.now = datetime.fromisoformat(self.worker["now"])
        self.ends = float(self.worker["ends"])
        self.collection = self._collection(self._source())

    def for_worker(self) -> dict[str, Any]:
        assert self.run is not None
        return {"folder": str(self.run.folder), "now": self.now.isoformat(), "ends": self.ends}

    @property
    def reports(self) -> Path:
        named = self.config.option.reports
        if named is not None:
            return Path(self.config.invocation_params.dir / named).resolve()
        folder: Path = self.systems.parents[1] / self.config.getini("opsproof_reports")
        return folder.resolve()

    def _deadline(self) -> float:
        text = self.config.option.deadline or self.config.getini("opsproof_deadline")
        try:
            return float(Duration.parse(text))
        except ValueError as error:
            raise pytest.UsageError(f"--deadline: {error}") from None

    def _source(self) -> Run | None:
        """The run whose facts are decided on again: named by --replay, or the environment's recording."""
        assert self.planned is not None
        named = self.config.option.replay
        path = (
            Path(self.config.invocation_params.dir / named) if named is not None else self.planned.recording
        )
        if path is None:
            return None
        try:
            return open_run(path)
        except FileNotFoundError as missing:
            raise pytest.UsageError(f"{missing}") from None

    def _mode(self) -> str:
        assert self.planned is not None
        if self.config.option.limits:
            return "what-if"
        if self.config.option.replay is not None:
            return "replay"
        return "demo" if self.planned.recording is not None else "live"

    def _provenance(self, source: Run | None) -> Provenance:
        assert self.planned is not None and self.run is not None
        versions = provenance.versions()
        return Provenance(
            run=self.run.id,
            started=utc_now(),
            now=self.now,
            mode=self._mode(),
            source_run=source.id if source else "",
            environments=self.planned.environments,
            command=Redactor().text(" ".join(["pytest", *self.config.invocation_params.args])),
            user=provenance.user(),
            host=provenance.host(),
            ci=provenance.ci(),
            git=provenance.git(self.config.rootpath),
            versions=versions,
            digests=self.planned.digests,
            gate=Level(self.config.option.gate or self.planned.gate),
            changed_limits=dict(change.split("=", 1) for change in self.config.option.limits),
            code_differs=source.code_differs(versions, self.planned.digests) if source else "",
        )

    def _collection(self, source: Run | None) -> Collection:
        assert self.planned is not None and self.run is not None
        targets = self.planned.targets
        secrets = secrets_of(targets.values()) if source is None else ()
        collection = Collection(
            self.run.folder,
            self.now,
            self.ends,
            targets,
            Redactor(secrets),
            live=source is None,
            on_progress=self._show,
        )
        if source is not None:
            collection.store = Store(source.folder / "facts")
        return collection

    # -- collect -------------------------------------------------------------------------------------

    def header(self) -> list[str]:
        """What pytest's header says of us; the mode is never left out."""
        if self.planned is None:
            return []
        shown = f"opsproof: {self._mode()}: {', '.join(self.planned.environments)}"
        return [shown] + ([f"opsproof: run {self.run.folder}"] if self.run else [])

    def select(self, items: Sequence[Any]) -> None:
        """Write down what this run is to decide: the expected, against which the journal is held."""
        if self.run is None:
            return
        first = not self.is_worker or self.config.workerinput.get("workerid") == "gw0"  # type: ignore[attr-defined]
        if first:
            option = self.config.option
            narrowed = [f"-k {option.keyword}"] if option.keyword else []
            narrowed += ["--lf"] if getattr(option, "lf", False) else []
            narrowed += ["--deselect"] if option.deselect else []
            narrowed += [] if self._whole_folder() else ["the paths given"]
            selection = Selection(
                nodeids=tuple(item.nodeid for item in items),
                expression=option.markexpr or "",
                narrowed=tuple(narrowed),
            )
            assert self.planned is not None
            named = {id(item.planned): item.nodeid for item in items}
            with self._keeping():
                # A plan without its items would look like a run of nothing: the selection comes last.
                self.run.write("plan.json", self.planned.with_nodeids(named))
                self.run.write("selection.json", selection)

    def collect(self, items: Sequence[Item]) -> None:
        """Ask for everything that the selected items need, each thing once over all processes."""
        if self.collection is not None and items:
            with self._keeping():
                self.collection.gather(ask for item in items for ask in item.all_asks)

    def _show(self, progress: Progress) -> None:
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if (
            self.is_worker
            or reporter is None
            or self.config.option.verbose < 0
            or progress.done < progress.total
        ):
            return
        failed = f", {progress.failed} without answer: {progress.failure}" if progress.failed else ""
        asks = "1 ask" if progress.total == 1 else f"{progress.total} asks"
        reporter.ensure_newline()
        reporter.write_line(f"collected {progress.target}: {asks}{failed}")

    # -- examine -------------------------------------------------------------------------------------

    def decide(self, item: Item) -> ItemResult:
        assert self.collection is not None and self.planned is not None
        with self._keeping():
            result = decide(item, self.collection.answer)
        return waived(result, self.planned.waivers_of(item), self.now)

    def record(self, result: ItemResult) -> ItemResult:
        """Put the result into the journal the moment it exists; gives it as it lies there, redacted."""
        assert self.run is not None and self.collection is not None
        encoded = self.collection.redactor.json(msgspec.json.encode(result))
        redacted = msgspec.json.decode(encoded, type=ItemResult)
        with self._keeping():
            self.run.journal.append("result", redacted)
        return redacted

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """End the session, without a traceback, where what it finds cannot be kept: it counts for nothing.

        A worker says so by pytest's `shouldstop`, which xdist hands on; of an exit status of 2 it would make
        a keyboard's interrupt.
        """
        try:
            yield
        except Unwritable as why:
            self.unwritten = self.unwritten or str(why)
            if not self.is_worker:
                raise pytest.exit.Exception(str(why), pytest.ExitCode.INTERRUPTED) from None
            self.config.workeroutput["opsproof"] = self.unwritten  # type: ignore[attr-defined]
            worker: Any = self.config.pluginmanager.get_plugin("session")
            worker.shouldstop = self.unwritten
            raise pytest.exit.Exception(str(why), pytest.ExitCode.TESTS_FAILED) from None

    # -- judge and report ----------------------------------------------------------------------------

    def finish(self, status: int) -> int:
        """Close the journal, write all reports, and give the exit status that the gate decides."""
        if self.is_worker or self.run is None or self.planned is None or self.collection is None:
            return status
        if status in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}:
            return status
        if self.run.decides_nothing():
            return int(pytest.ExitCode.INTERRUPTED) if self.unwritten else status
        for stage in (self._end, self._report):
            try:
                stage()
            except Unwritable as why:
                self.unwritten = self.unwritten or str(why)
        if self.unwritten or self.result is None:
            return int(pytest.ExitCode.INTERRUPTED)
        others = (
            status not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} or self._other_tests_failed()
        )
        if others:
            return status
        return int(pytest.ExitCode.TESTS_FAILED if self.result.gate.closed else pytest.ExitCode.OK)

    def _end(self) -> None:
        assert self.run is not None and self.planned is not None and self.collection is not None
        for report in target_reports(self.planned.targets.values(), self.collection.store, self.now):
            self.run.journal.append("target", report)
        self.run.journal.append("end", end_record(utc_now()))
        self._keep_facts()

    def _report(self) -> None:
        assert self.run is not None and self.planned is not None
        self.result = result_of(self.run)
        reports.write(self.run, self.result)
        self.run.finish(self.reports, self.planned.environments)

    def _other_tests_failed(self) -> bool:
        """Failures that are not ours to judge: other tests in the same session, or a broken teardown."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        return reporter is not None and bool(reporter.stats.get("failed") or reporter.stats.get("error"))

    def _keep_facts(self) -> None:
        """A replay's folder holds the facts it decided on, so that it can be replayed itself."""
        assert self.run is not None and self.collection is not None and self.planned is not None
        own = Store(self.run.folder / "facts")
        if self.collection.live:
            return
        digests = {ask.digest for item in self.planned.items for ask in item.all_asks}
        digests |= {Identify(target=target).digest for target in self.planned.targets}
        for digest in digests:
            if self.collection.store.has(digest) and not own.has(digest):
                write_atomically(own.path(digest), [self.collection.store.path(digest).read_bytes()])

    def shown_folder(self) -> str:
        """Where the report lies; empty when it could not be written."""
        assert self.run is not None
        if not (self.run.folder / "report.html").exists():
            return ""
        try:
            return str(self.run.folder.relative_to(Path.cwd()))
        except ValueError:
            return str(self.run.folder)

    def close(self) -> None:
        if self.collection is not None:
            self.collection.close()
        mine = self.run is not None and not self.is_worker and not self.unwritten
        if mine and self.run is not None and self.run.decides_nothing():
            self.run.discard()


def _systems(config: pytest.Config, paths: Sequence[Path]) -> Path | None:
    """The folder of systems: the setting's, below the rootdir, else one beside or above the arguments.

    pytest takes the value of an unknown option for an argument while it looks for its rootdir, so that
    without an ini file the rootdir may be any folder above.
    """
    named = [
        base / config.getini("opsproof_systems") for base in (config.rootpath, config.invocation_params.dir)
    ]
    beside = [folder / "systems" for path in paths for folder in (path, *path.parents)]
    return next((folder.resolve() for folder in (*named, *beside) if folder.is_dir()), None)
