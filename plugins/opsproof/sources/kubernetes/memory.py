"""Certificates and keys that libraries want as files, and that no disk shall ever hold."""

from __future__ import annotations

import os
from pathlib import Path

from opsproof.model.failure import NotConfigured


class Kept:
    """A file in memory, at a path that only this process can open; gone with the object, or with the process."""

    def __init__(self, name: str, content: bytes) -> None:
        if not hasattr(os, "memfd_create"):
            raise NotConfigured(f"{name} in the kubeconfig itself needs Linux: give it as a file")
        self._handle = os.memfd_create(name)
        os.write(self._handle, content)

    @property
    def path(self) -> Path:
        return Path(f"/proc/self/fd/{self._handle}")

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            os.close(self._handle)
