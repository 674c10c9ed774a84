"""The process behind `proxy`: relays HTTP or TCP and applies the faults of its file."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.testbed import place
from tests.testbed.services import faults
from tests.testbed.services.faults import Fault

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"}
FOR_EVER = 3600.0
CHUNK = 65536


class Gate(socketserver.ThreadingTCPServer):
    """Listens, picks the fault for each request and logs what passes."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, options: dict[str, Any]) -> None:
        self.folder = Path(options["folder"])
        self.upstream = (place.HOST, int(options["upstream"]))
        self.sni: str | None = options.get("tls")
        self.known: list[str] | None = options.get("known")
        self._shown: list[str] | None = options.get("shown")
        self._lock = threading.Lock()
        self._read_at = 0
        self._faults: list[tuple[Fault, list[int]]] = []
        handler = HttpHandler if options["protocol"] == "http" else TcpHandler
        super().__init__((place.HOST, int(options["port"])), handler)
        (self.folder / "ready").touch()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a handshake that hangs holds up nobody else."""
        if self._shown:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._shown)
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what faults lead to."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def pick(self, path: str) -> Fault:
        """The first fault that meets the path and is not used up."""
        with self._lock:
            file = self.folder / "faults.json"
            changed = file.stat().st_mtime_ns
            if changed != self._read_at:
                self._faults = [(fault, [0]) for fault in faults.load(file.read_text())]
                self._read_at = changed
            for fault, used in self._faults:
                if re.search(fault.path, path) and (fault.times is None or used[0] < fault.times):
                    used[0] += 1
                    return fault
        return Fault()

    def log(self, **what: object) -> None:
        line = json.dumps({"time": datetime.now(timezone.utc).isoformat(), **what})
        with self._lock, (self.folder / "passed.jsonl").open("a") as file:
            file.write(line + "\n")

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the server behind; its certificate was not the question."""
        connection = http.client.HTTPConnection(*self.upstream, timeout=60)
        connection.connect()
        if self.sni:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if self.known:
                context.load_cert_chain(*self.known)
            name = None if self.sni == place.HOST else self.sni
            connection.sock = context.wrap_socket(connection.sock, server_hostname=name)
        return connection


def refuse(connection: socket.socket, fault: Fault) -> None:
    """Close with RST instead of FIN, or leave the other side waiting."""
    if fault.mode == "hang":
        time.sleep(FOR_EVER)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class HttpHandler(BaseHTTPRequestHandler):
    """One request at a time: fetch the real answer whole, then deliver it as the fault says."""

    protocol_version = "HTTP/1.1"
    server: Gate

    def relay(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.pick(self.path)
        if fault.mode in ("reset", "hang"):
            self.server.log(method=self.command, path=self.path, mode=fault.mode, status=None)
            self.close_connection = True
            refuse(self.connection, fault)
            return
        status, headers, body = self.answer(fault, sent)
        self.server.log(method=self.command, path=self.path, mode=fault.mode, status=status)
        self.deliver(fault, status, headers, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = relay  # noqa: N815 - http.server names them

    def answer(self, fault: Fault, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        if fault.mode == "answer":
            return fault.status, fault.headers, fault.body.encode("utf-8", "surrogatepass")
        time.sleep(fault.seconds)
        status, headers, body = self.fetch(sent, json_only=fault.mode == "rewrite")
        if fault.mode == "rewrite":
            with contextlib.suppress(ValueError):
                body = json.dumps(rewritten(json.loads(body), fault)).encode()
        return status, headers, body

    def fetch(self, sent: bytes, *, json_only: bool) -> tuple[int, dict[str, str], bytes]:
        connection = self.server.connect()
        try:
            passed = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
            passed["Accept-Encoding"] = "identity"
            if json_only:
                passed["Accept"] = "application/json"
            connection.request(self.command, self.path, sent or None, passed)
            response = connection.getresponse()
            headers = {key: value for key, value in response.getheaders() if key.lower() not in HOP_BY_HOP}
            return response.status, headers, response.read()
        finally:
            connection.close()

    def deliver(self, fault: Fault, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) + fault.size))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.mode == "truncate":
            self.close_connection = True
            body = body[: fault.count]
        if fault.mode == "drip":
            drip(self.connection, body, fault.pace)
            return
        self.wfile.write(body)
        for _ in range(fault.size // CHUNK):
            self.wfile.write(b" " * CHUNK)
        self.wfile.write(b" " * (fault.size % CHUNK))

    def log_message(self, format: str, *args: object) -> None:
        """Logged by `Gate.log`."""


def rewritten(value: Any, fault: Fault) -> Any:
    if isinstance(value, dict):
        return {
            key: fault.body if key in fault.keys and isinstance(inner, str) else rewritten(inner, fault)
            for key, inner in value.items()
        }
    return [rewritten(inner, fault) for inner in value] if isinstance(value, list) else value


def drip(connection: socket.socket, body: bytes, pace: int) -> None:
    for begin in range(0, len(body), max(1, pace // 10)):
        connection.sendall(body[begin : begin + max(1, pace // 10)])
        time.sleep(max(0.1, 1 / pace))


class TcpHandler(socketserver.BaseRequestHandler):
    """Bytes to and fro, whatever they mean; the fault holds for the whole connection."""

    server: Gate

    def handle(self) -> None:
        fault = self.server.pick("")
        self.server.log(mode=fault.mode)
        if fault.mode in ("reset", "hang"):
            refuse(self.request, fault)
            return
        if fault.mode == "answer":
            self.request.sendall(fault.body.encode("utf-8", "surrogatepass"))
            return
        time.sleep(fault.seconds)
        with socket.create_connection(self.server.upstream) as behind:
            threading.Thread(target=pump, args=(self.request, behind, Fault()), daemon=True).start()
            pump(behind, self.request, fault)


def without_text(chunk: bytes) -> bytes:
    """What Redis tells of itself is empty: `$N` and N bytes that begin with a heading become `$0`."""
    return re.sub(rb"\$\d+\r\n# .*?\r\n\r\n", b"$0\r\n\r\n", chunk, flags=re.DOTALL)


def pump(source: socket.socket, sink: socket.socket, fault: Fault) -> None:
    """Pass bytes on until one side ends, or as many and as fast as the fault allows."""
    passed = 0
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK):
            if fault.mode == "truncate":
                chunk = chunk[: fault.count - passed]
            passed += len(chunk)
            chunk = without_text(chunk) if fault.mode == "blank" else chunk
            drip(sink, chunk, fault.pace) if fault.mode == "drip" else sink.sendall(chunk)
            if fault.mode == "truncate" and passed >= fault.count:
                break
        sink.shutdown(socket.SHUT_WR if fault.mode != "truncate" else socket.SHUT_RDWR)


if __name__ == "__main__":
    Gate(json.loads(sys.argv[1])).serve_forever()
