"""What is asked about backups in a folder of a host. Contents never leave it: facts hold counts, digests and ids."""

from __future__ import annotations

import shlex
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from opsproof.model.ask import Ask
from opsproof.model.dated import dated
from opsproof.model.rights import Need
from opsproof.model.stored import Content, Shelf

MOST = 20_000  # files that fit one pattern
PROGRAM, FOLDER = "PROGRAM", "FOLDER"  # in the place of the text, and of the target's folder
Words = tuple[str, ...]


_PARTS = ("form", "dump", "pgp", "manifest", "reader", "folder")


@cache
def program() -> str:
    """What runs on the host, whole, so that nothing has to be installed there: its modules, joined."""
    folder = files(f"{__package__}.remote")
    lines = [line for part in _PARTS for line in (folder / f"{part}.py").read_text("utf-8").splitlines()]
    kept = [line for line in lines if not line.startswith(("from __future__ ", "from opsproof."))]
    return "\n".join(["from __future__ import annotations", *kept])


class FilesAsk(Ask, frozen=True, kw_only=True):
    """An ask that the program answers for the files of a folder that fit a pattern of names."""

    pattern: str
    verb: ClassVar[str]

    @property
    def more(self) -> Words:
        """What follows the pattern."""
        raise NotImplementedError

    @property
    def shown(self) -> Words:
        """The command as people read it: without the program, whatever the folder."""
        return ("python3", "-I", "-c", PROGRAM, self.verb, FOLDER, self.pattern, *self.more)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("run", shlex.join(self.shown)),)


def command(shown: Words, folder: str, python: str = "python3") -> Words:
    """The command itself. Raises ValueError for a pattern that is none."""
    _, isolated, by_text, _, verb, _, pattern, *more = shown
    return (python, isolated, by_text, program(), verb, folder, dated(pattern).regex, *more)


class ListedOf(FilesAsk, frozen=True, kw_only=True, tag="files/listed"):
    """The files that fit, with what else there is."""

    answer: ClassVar[Any] = Shelf
    verb: ClassVar[str] = "list"
    more: ClassVar[Words] = (str(MOST),)


class ReadOf(FilesAsk, frozen=True, kw_only=True, tag="files/read"):
    """The `newest` or `oldest` of them, read to its end there, where it has at most `most` bytes."""

    which: str
    most: int
    answer: ClassVar[Any] = Content
    verb: ClassVar[str] = "read"

    @property
    def more(self) -> Words:
        return (self.which, str(self.most))
