"""A target that does not answer is not asked for ever: after a few asks in a row its others fail at once."""

from __future__ import annotations

import os
from pathlib import Path

from opsproof.evidence.files import writing

AFTER = 3


class Breaker:
    """Counts asks without answer, by target, over all processes of a run: a byte of a file for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def gave_up(self, target: str) -> bool:
        """Whether its last asks, and no fewer than AFTER, all ended without answer."""
        try:
            return self._path(target).stat().st_size >= AFTER
        except FileNotFoundError:
            return False

    def silent(self, target: str) -> None:
        """One more ask got no answer in time. Raises Unwritable."""
        path = self._path(target)
        with writing(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, b"x")
            finally:
                os.close(handle)

    def heard(self, target: str) -> None:
        """It answered: what was counted is forgotten. Raises Unwritable."""
        path = self._path(target)
        if path.exists():
            with writing(path):
                os.truncate(path, 0)

    def _path(self, target: str) -> Path:
        return self._folder / f"{target.replace('/', '_')}.silent"
