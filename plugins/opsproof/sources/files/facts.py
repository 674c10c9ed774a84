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
FOLDER = "FOLDER"  # of the target, where nobody knows that yet
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

    def arguments(self, folder: str) -> Words:
        raise NotImplementedError

    def words(self, python: str, folder: str) -> Words:
        return (python, "-I", "-c", program(), *self.arguments(folder))

    def shown(self, python: str, folder: str) -> str:
        """The command as a record shows it."""
        return shlex.join((python, "-I", "-c", "PROGRAM", *self.arguments(folder)))

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("run", shlex.join(self.words("python3", FOLDER))),)


class ListedOf(FilesAsk, frozen=True, kw_only=True, tag="files/listed"):
    """The files that fit, with what else there is."""

    answer: ClassVar[Any] = Shelf

    def arguments(self, folder: str) -> Words:
        return ("list", folder, dated(self.pattern).regex, str(MOST))


class ReadOf(FilesAsk, frozen=True, kw_only=True, tag="files/read"):
    """The `newest` or `oldest` of them, read to its end there, where it has at most `most` bytes."""

    which: str
    most: int
    answer: ClassVar[Any] = Content

    def arguments(self, folder: str) -> Words:
        return ("read", folder, dated(self.pattern).regex, self.which, str(self.most))
