"""TLS of our own below a library that shows no certificate: what is proven is the connection that carries its requests."""

from __future__ import annotations

import select
import socket
import ssl


class Secured:
    """A TLS connection as a relay wants it: reading never waits, and what is sent is sent whole."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, server_name: str) -> None:
        """The handshake waits as long as the socket does. Raises OSError, ssl.SSLError; the socket is then closed."""
        try:
            self._inner = context.wrap_socket(connection, server_hostname=server_name)
        except BaseException:
            connection.close()
            raise
        self._inner.setblocking(False)

    def __enter__(self) -> Secured:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._inner.fileno()

    def getpeercert(self, binary_form: bool = False) -> object:
        return self._inner.getpeercert(binary_form=binary_form)

    def recv(self, size: int) -> bytes | None:
        """What has come, all of a record; None where it was nothing for us, or no whole record yet."""
        try:
            data = self._inner.recv(size)
            while left := self._inner.pending():
                data += self._inner.recv(left)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        return data

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._inner.send(rest) :]
            except ssl.SSLWantReadError:
                select.select([self._inner], [], [])
            except ssl.SSLWantWriteError:
                select.select([], [self._inner], [])

    def shutdown(self, how: int) -> None:
        """Of the socket below: the library's own would go on in clear text."""
        socket.socket.shutdown(self._inner, how)

    def close(self) -> None:
        self._inner.close()
