"""The manifest of a run: the digest of each of its files, and which run of the same environments came before."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.files import locked, write_atomically, writing

NAME = "manifest.json"
HEADS = ".heads"
RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
_LARGEST = 64 * 2**20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`chain` names the runs of the same environments, in whatever order they were given."""

    run: str
    files: dict[str, str]
    chain: str = ""
    previous: str = ""
    previous_digest: str = ""


def read(folder: Path) -> Manifest:
    """The manifest in a run's folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it cannot be read, or names what lies elsewhere.
    """
    try:
        found = msgspec.json.decode(plain.content(folder / NAME, _LARGEST), type=Manifest)
    except msgspec.MsgspecError:
        raise ValueError(f"{NAME} is altered: not readable") from None
    for name in found.files:
        if not _below(name):
            raise ValueError(f"{NAME} is altered: it names {name!r}, which is no file of the run")
    return found


def _below(name: str) -> bool:
    steps = name.split("/")
    return "\0" not in name and not any(step in {"", ".", ".."} for step in steps) and name != NAME


def chain_of(environments: Iterable[str]) -> str:
    """Names the chain of the runs of these environments: 16 hex digits."""
    return hashlib.sha256(",".join(sorted(set(environments))).encode()).hexdigest()[:16]


def seal(folder: Path, reports: Path, environments: Iterable[str]) -> str:
    """Write the manifest, chained to the previous run of these environments; gives its digest.

    Runs that end at once are chained one after the other. Raises Unwritable.
    """
    chain = chain_of(environments)
    heads = reports / HEADS
    with writing(heads):
        heads.mkdir(mode=0o700, exist_ok=True)
        if heads.is_symlink():
            raise NotADirectoryError(20, "it is a link")
    files = {name: plain.digest(folder / name) for name in plain.names(folder) if name != NAME}
    with locked(heads / ".lock"):
        previous = _head(heads / chain)
        made = Manifest(
            run=folder.name,
            files=files,
            chain=chain,
            previous=previous,
            previous_digest=_digest_of(reports, previous),
        )
        content = msgspec.json.format(msgspec.json.encode(made), indent=1)
        write_atomically(folder / NAME, [content])
        write_atomically(heads / chain, [folder.name.encode()])
    return hashlib.sha256(content).hexdigest()


def _head(path: Path) -> str:
    """The last run of a chain; nothing where the file names none."""
    try:
        text = plain.content(path, 100).decode("ascii", "replace")
    except (FileNotFoundError, plain.NotPlain):
        return ""
    return text if RUN.fullmatch(text) else ""


def _digest_of(reports: Path, run: str) -> str:
    try:
        return plain.digest(reports / run / NAME) if run else ""
    except (OSError, plain.NotPlain):
        return ""


def digest(folder: Path) -> str:
    """The digest of a run's manifest, which stands for all of the run; empty where there is none."""
    try:
        return plain.digest(folder / NAME)
    except (OSError, plain.NotPlain):
        return ""


def runs(reports: Path) -> list[Path]:
    """The folders of runs below a folder of reports, oldest first."""
    with os.scandir(reports) as found:
        return sorted(
            Path(one.path) for one in found if RUN.fullmatch(one.name) and one.is_dir(follow_symlinks=False)
        )
