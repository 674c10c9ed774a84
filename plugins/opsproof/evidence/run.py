"""A run's folder: what it is called, what lies in it, and how a report is rebuilt from it."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from opsproof.evidence import journal, manifest, plain
from opsproof.evidence.files import point, write_atomically, writing
from opsproof.evidence.journal import Journal
from opsproof.model.finding import ItemResult
from opsproof.model.result import Provenance, Selection

S = TypeVar("S")


class Run(msgspec.Struct, frozen=True):
    """The folder of one run."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal.jsonl")

    @classmethod
    def create(cls, reports: Path, now: datetime) -> Run:
        """A new folder below `reports`, for its owner only. Raises Unwritable."""
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        folder = reports / name
        with writing(folder):
            reports.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                reports.mkdir(mode=0o700)
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)
            (folder / "facts").mkdir(mode=0o700)
            (folder / ".slots").mkdir(mode=0o700)
        return cls(folder)

    def write(self, name: str, content: bytes | str | msgspec.Struct) -> Path:
        """Put one whole file into the folder. Raises Unwritable."""
        path = self.folder / name
        if isinstance(content, msgspec.Struct):
            content = msgspec.json.format(msgspec.json.encode(content), indent=1)
        write_atomically(path, [content.encode() if isinstance(content, str) else content])
        return path

    def read(self, name: str, kind: type[S]) -> S:
        """A JSON file of the folder. Raises FileNotFoundError or ValueError."""
        try:
            return msgspec.json.decode(plain.content(self.folder / name), type=kind)
        except msgspec.MsgspecError as misfit:
            raise ValueError(f"{self.folder / name}: {misfit}") from None

    def read_now(self) -> datetime:
        """The clock that the run decided by."""
        return self.start().now

    def code_differs(self, versions: dict[str, str], digests: dict[str, str]) -> str:
        """How the code and files that decide now differ from those that recorded the run; empty if not."""
        start = self.start()
        changed = [
            f"{name} {start.versions.get(name, '-')} -> {versions.get(name, '-')}"
            for name in ("opsproof",)
            if start.versions.get(name) != versions.get(name)
        ]
        # A replay may be of another environment than the recorded one, whose file that run never read.
        known = {
            name: one
            for name, one in digests.items()
            if name in start.digests or "/environments/" not in name
        }
        changed += [name for name, digest in known.items() if start.digests.get(name) != digest]
        return ", ".join(changed)

    def start(self) -> Provenance:
        reading = journal.read(self.folder / "journal.jsonl")
        for data in reading.of("start"):
            return msgspec.json.decode(data, type=Provenance)
        raise ValueError(f"{self.folder}: the journal does not begin with a run")

    def results(self) -> Iterator[ItemResult]:
        """The items' results, as they lie in the journal."""
        for data in journal.read(self.folder / "journal.jsonl").of("result"):
            yield msgspec.json.decode(data, type=ItemResult)

    def selection(self) -> Selection:
        try:
            return self.read("selection.json", Selection)
        except FileNotFoundError:
            return Selection()

    def decides_nothing(self) -> bool:
        """It never got so far as to select something."""
        return not self.selection().nodeids

    def discard(self) -> None:
        """Leave no empty run behind, nor empty reports. A folder that holds more than the beginning of a run stays."""
        for name in ("plan.json", "selection.json", "journal.jsonl"):
            with suppress(OSError):
                (self.folder / name).unlink()
        for folder in ("facts", ".slots", "", ".."):
            with suppress(OSError):
                (self.folder / folder).resolve().rmdir()

    def requests(self) -> dict[str, int]:
        """How many requests each target got."""
        try:
            lines = plain.content(self.folder / "requests.jsonl").splitlines()
        except FileNotFoundError:
            return {}
        return dict(sorted(Counter(filter(None, map(_target_of, lines))).items()))

    def finish(self, reports: Path, environments: tuple[str, ...]) -> str:
        """Seal the run, chain it to the previous one of these environments, and point `latest` at it.

        Gives the digest of the manifest, which stands for all of the run. Raises Unwritable.
        """
        shutil.rmtree(self.folder / ".slots", ignore_errors=True)
        digest = manifest.seal(self.folder, reports, environments)
        point(reports / "latest", self.id)
        return digest


class Attempt(msgspec.Struct, frozen=True):
    """What was asked again, and for which requirements."""

    number: int
    asked: datetime
    asks: tuple[str, ...]
    requirements: tuple[str, ...]


class End(msgspec.Struct, frozen=True):
    finished: datetime


class _Asked(msgspec.Struct, frozen=True):
    target: str


def _target_of(line: bytes) -> str:
    """The target of a request; empty for the torn last line of a killed run."""
    try:
        return msgspec.json.decode(line, type=_Asked).target
    except msgspec.MsgspecError:
        return ""


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def open_run(path: Path) -> Run:
    """The run in a folder, `latest` resolved.

    Raises:
        FileNotFoundError: there is no journal in it.
    """
    folder = path.resolve()
    if not (folder / "journal.jsonl").is_file():
        raise FileNotFoundError(f"{path} holds no run: it has no journal.jsonl")
    return Run(folder)


def end_record(finished: datetime) -> Any:
    return End(finished)
