"""Credentials that one process of a run came by while it ran, told to all others: over a socket, and on no disk.

A program of a kubeconfig gives each process a token of its own. A server that has seen one of them may show it to
another process, which has to know it to blank it.
"""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

_NAME = "secrets"
_WITHIN = 10.0  # seconds: a controller that does not answer is gone


class Exchange:
    """The controller's end: keeps what workers tell, and tells it to each that asks.

    Its folder is open to the run's own user alone.
    """

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._known: dict[str, None] = {}
        self._lock = threading.Lock()
        self._folder = Path(tempfile.mkdtemp(prefix="opsproof-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / _NAME))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._serve, name="opsproof-exchange", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where workers find it."""
        return str(self._folder / _NAME)

    def close(self) -> None:
        """No more is told."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._thread.join(_WITHIN)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(_WITHIN)
                try:
                    self._answer(connection)
                except (OSError, ValueError):
                    pass  # that worker is gone

    def _answer(self, connection: socket.socket) -> None:
        told = json.loads(_whole(connection))
        with self._lock:
            for secret in told:
                if secret not in self._known:
                    self._known[secret] = None
                    self._heard(secret)
            connection.sendall(json.dumps([*self._known]).encode())


def exchanged(address: str, secrets: Iterable[str] = ()) -> list[str]:
    """Tell the controller these, and hear all that any process told.

    Raises:
        OSError, ValueError: it does not answer. Nothing may be kept then, for it could hold what is not known here.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_WITHIN)
        connection.connect(address)
        connection.sendall(json.dumps([*secrets]).encode())
        connection.shutdown(socket.SHUT_WR)
        heard: list[str] = json.loads(_whole(connection))
        return heard


def _whole(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)
