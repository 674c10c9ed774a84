"""Whether a run's folder is what the run left, all of it and nothing else; and whether its chain is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from opsproof.evidence import journal, manifest, plain
from opsproof.evidence.files import locked
from opsproof.evidence.manifest import Manifest

JOURNAL = "journal.jsonl"
# What every run that ended by itself has left, whatever it decided.
_ALWAYS = ("plan.json", "selection.json", JOURNAL, "result.json", "junit.xml", "report.html")


class Verdict(msgspec.Struct, frozen=True):
    """`altered` and `incomplete` say what is wrong; both are empty for a run as it was left."""

    altered: str = ""
    incomplete: str = ""

    @property
    def sound(self) -> bool:
        return not (self.altered or self.incomplete)

    def __str__(self) -> str:
        integrity = f"ALTERED: {self.altered}" if self.altered else "intact"
        return f"{integrity}, incomplete: {self.incomplete}" if self.incomplete else f"{integrity}, complete"


def verify(folder: Path) -> Verdict:
    """Read everything in a run's folder, and hold it against its manifest and its own chain of hashes.

    What is not listed, a link or a special file is an alteration; a run without a manifest, or whose journal has
    no end, is incomplete. Never raises for what lies there.
    """
    try:
        reading = journal.read(folder / JOURNAL)
        found = manifest.read(folder)
        altered = reading.altered or _against(found, folder)
    except FileNotFoundError as missing:
        return _without(folder, Path(str(missing.filename)).name)
    except (ValueError, OSError) as wrong:
        return Verdict(altered=str(wrong))
    lacking = [name for name in _ALWAYS if name not in found.files]
    if lacking:
        return Verdict(altered, f"{manifest.NAME} does not cover {', '.join(lacking)}")
    if reading.torn or not any(True for _ in reading.of("end")):
        return Verdict(altered, "the run did not end by itself")
    return Verdict(altered)


def _without(folder: Path, missing: str) -> Verdict:
    """A run that was killed has no manifest; what it has left may still be good."""
    try:
        altered = journal.read(folder / JOURNAL).altered
        list(plain.names(folder))
    except (ValueError, OSError) as wrong:
        return Verdict(str(wrong), f"it has no {missing}")
    return Verdict(altered, f"it has no {missing}, which would cover everything")


def _against(found: Manifest, folder: Path) -> str:
    """The first thing that is not as the manifest says."""
    if found.run != folder.resolve().name and manifest.RUN.fullmatch(folder.resolve().name):
        return f"{manifest.NAME} is that of {found.run!r}"
    there = set(plain.names(folder)) - {manifest.NAME}
    for name in sorted(there - found.files.keys()):
        return f"{name} is not in {manifest.NAME}"
    for name, wanted in sorted(found.files.items()):
        if name not in there:
            return f"{name} is missing"
        if plain.digest(folder / name) != wanted:
            return f"{name} is altered: its digest is not the one in {manifest.NAME}"
    return ""


class Link(msgspec.Struct, frozen=True):
    """One run of a chain. `broken` says why nothing before it counts; empty where all is well."""

    run: str
    broken: str = ""


def walk(folder: Path) -> Iterator[Link]:
    """The run and those before it, newest first, up to the first break. No run may end meanwhile."""
    folder = folder.resolve()
    heads = folder.parent / manifest.HEADS
    if not heads.is_dir() or heads.is_symlink():
        yield Link(
            folder.name, f"there is no folder {manifest.HEADS} beside it: nothing says which runs there were"
        )
        return
    with locked(heads / ".lock"):
        yield from _walked(folder)


def _walked(folder: Path) -> Iterator[Link]:
    followers = _followers(folder.parent)
    seen: set[str] = set()
    while True:
        verdict = verify(folder)
        if not verdict.sound:
            yield Link(folder.name, str(verdict))
            return
        own = manifest.read(folder)
        seen.add(folder.name)
        if broken := _step(own, folder, followers, seen):
            yield Link(folder.name, broken)
            return
        yield Link(folder.name)
        if not own.previous:
            return
        folder = folder.parent / own.previous


def _step(own: Manifest, folder: Path, followers: dict[tuple[str, str], list[str]], seen: set[str]) -> str:
    """What is wrong with the way from a run to the one before it."""
    same = followers.get((own.chain, own.previous), [])
    if len(same) > 1:
        before = own.previous or "nothing"
        return f"the chain forks: {', '.join(same)} all follow {before}"
    if not own.previous:
        return ""
    if not manifest.RUN.fullmatch(own.previous) or own.previous in seen:
        return f"it names {own.previous!r} as the run before it"
    found = manifest.digest(folder.parent / own.previous)
    if not found:
        return f"the run before it, {own.previous}, is not there"
    if found != own.previous_digest:
        return f"the run before it, {own.previous}, is not the one that it followed: another manifest"
    return ""


def _followers(reports: Path) -> dict[tuple[str, str], list[str]]:
    """Runs by what they follow; more than one is a fork."""
    found: dict[tuple[str, str], list[str]] = {}
    for folder in manifest.runs(reports):
        try:
            one = manifest.read(folder)
        except (OSError, ValueError):
            continue
        found.setdefault((one.chain, one.previous), []).append(folder.name)
    return found
