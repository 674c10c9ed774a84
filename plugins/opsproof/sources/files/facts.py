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

    folder: str
    pattern: str

    @property
    def arguments(self) -> Words:
        raise NotImplementedError

    def words(self, python: str) -> Words:
        return (python, "-I", "-c", program(), *self.arguments)

    def shown(self, python: str) -> str:
        """The command as a record shows it."""
        return shlex.join((python, "-I", "-c", "PROGRAM", *self.arguments))

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("run", shlex.join(self.words("python3"))),)


class ListedOf(FilesAsk, frozen=True, kw_only=True, tag="files/listed"):
    """The files that fit, with what else there is."""

    answer: ClassVar[Any] = Shelf

    @property
    def arguments(self) -> Words:
        return ("list", self.folder, dated(self.pattern).regex, str(MOST))


class ReadOf(FilesAsk, frozen=True, kw_only=True, tag="files/read"):
    """The `newest` or `oldest` of them, read to its end there, where it has at most `most` bytes."""

    which: str
    most: int
    answer: ClassVar[Any] = Content

    @property
    def arguments(self) -> Words:
        return ("read", self.folder, dated(self.pattern).regex, self.which, str(self.most))
