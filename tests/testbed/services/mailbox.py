"""A mail server that takes every message and keeps none: where the testbed's Alertmanager delivers."""

from __future__ import annotations

import socketserver
import threading

from tests.testbed import place

_ANSWERS = {b"EHLO": b"250-testbed\r\n250 8BITMIME\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Conversation(socketserver.StreamRequestHandler):
    """One client, as far as RFC 5321 asks for it."""

    def handle(self) -> None:
        self.wfile.write(b"220 testbed\r\n")
        for line in self.rfile:
            word = line[:4].strip().upper()
            self.wfile.write(_ANSWERS.get(word, b"250 ok\r\n"))
            if word == b"DATA":
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve() -> None:
    """In a thread of its own, for the life of the process."""
    server = Server((place.HOST, place.PORTS["smtp"]), Conversation)
    threading.Thread(target=server.serve_forever, daemon=True).start()
