"""A relay on loopback for libraries that read as much as a server sends: it counts, and hangs up beyond the budget."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from opsproof.model.failure import CollectionError
from opsproof.transport.secured import Secured
from opsproof.transport.watchdog import Watchdog

_CHUNK = 64 * 1024


class Relay:
    """Passes bytes between one client of this process and its server, until either is done."""

    def __init__(
        self, server: socket.socket | Secured, received: Callable[[int], None], dog: Watchdog
    ) -> None:
        self.failure: CollectionError | None = None
        self._server = server
        self._received = received
        self._dog = dog
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4)
        self._listener.settimeout(1.0)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Where the library connects to, on 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    def serve(self, client: tuple[str, int]) -> None:
        """Let in the client that connects from this address, and nobody else."""
        while True:
            accepted, address = self._listener.accept()
            if address[:2] == client:
                break
            accepted.close()
        self._listener.close()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small parts of an answer, one by one
        self._dog.watch(accepted.fileno())
        self._dog.watch(self._server.fileno())
        self._thread = threading.Thread(target=self._pass, args=(accepted,), daemon=True)
        self._thread.start()

    def _pass(self, client: socket.socket) -> None:
        with client, self._server:
            with suppress(OSError):
                self._pass_all(client)
            for end in (client, self._server):  # closing is not enough: the watchdog holds a duplicate
                _hang_up(end)

    def _pass_all(self, client: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, self._server)
            ready.register(self._server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    if not self._passed(key.fileobj, key.data):  # type: ignore[arg-type]
                        return

    def _passed(self, source: socket.socket | Secured, sink: socket.socket | Secured) -> bool:
        data = source.recv(_CHUNK)
        if data is None:
            return True
        if source is self._server:
            try:
                self._received(len(data))
            except CollectionError as error:
                self.failure = error
                return False
        if data:
            sink.sendall(data)
        return bool(data)

    def close(self) -> None:
        """The library is done: both connections end."""
        self._listener.close()
        _hang_up(self._server)
        if self._thread is not None:
            self._thread.join()
        self._server.close()


def _hang_up(end: socket.socket | Secured) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(
    server: socket.socket | Secured, received: Callable[[int], None], dog: Watchdog
) -> Iterator[Relay]:
    """A relay before `server`; `received` is told of every byte and may refuse with a CollectionError."""
    relay = Relay(server, received, dog)
    try:
        yield relay
    finally:
        relay.close()
