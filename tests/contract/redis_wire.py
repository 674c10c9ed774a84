"""The first bytes of Redis: enough of RESP2 for what opsproof asks."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator, Mapping

from opsproof.testing.bytewise import others
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right

Answer = Callable[[list[str]], bytes]


class Redis:
    """A server that knows PING, INFO, EXISTS, AUTH and SELECT."""

    def good(self, said: Said) -> Behaviour:
        seconds = said.clock.timestamp() if said.clock else None
        info = {
            "server": [f"redis_version:{said.text}"]
            + ([f"server_time_usec:{seconds * 1e6:.0f}"] if seconds is not None else []),
            "replication": ["role:master", f"master_replid:{said.text}"],
            "memory": ["used_memory:1024", "maxmemory:4096", f"maxmemory_policy:{said.text}"],
        }

        def answer(command: list[str]) -> bytes:
            if command[0].upper() == "INFO":
                lines = info.get(command[1].lower() if len(command) > 1 else "server", [])
                return bulk("\r\n".join([f"# {command[-1]}", *lines]))
            known = {"PING": b"+PONG\r\n", "EXISTS": b":0\r\n", "ACL": b"+OK\r\n"}
            return known.get(command[0].upper(), b"+OK\r\n")

        return speaking(answer)

    def faults(self) -> Mapping[str, Fault]:
        def refusing(text: str) -> Behaviour:
            return speaking(lambda command: f"-{text}\r\n".encode())

        return {
            "401: wrong password": Fault(
                refusing("WRONGPASS invalid username-password pair"), right("Unauthenticated")
            ),
            "401: no password": Fault(refusing("NOAUTH Authentication required."), right("Unauthenticated")),
            "403": Fault(
                refusing("NOPERM User opsproof has no permissions to run the 'info' command"),
                right("Forbidden"),
            ),
            "429: full": Fault(refusing("ERR max number of clients reached"), right("Unreachable")),
            "503: loading": Fault(refusing("LOADING Redis is loading"), right("Unreachable")),
            "an unknown error": Fault(refusing("ERR \x1b[2J<script>"), right("Unreachable", "BadAnswer")),
            "another type": Fault(
                speaking(lambda command: b"*2\r\n:1\r\n:2\r\n"),
                right("BadAnswer", "Unreachable", "Unauthenticated"),
            ),
            "numbers": Fault(speaking(lambda command: b":12\r\n"), right("BadAnswer", "Unauthenticated")),
            "null": Fault(speaking(lambda command: b"$-1\r\n"), right("BadAnswer", "Unauthenticated")),
            "a length below zero": Fault(
                speaking(lambda command: b"$-9\r\n"), right("BadAnswer", "Unreachable", "TimedOut")
            ),
            "deep nesting": Fault(
                speaking(lambda command: b"*1\r\n" * 20_000), right("BadAnswer", "Unreachable", "TimedOut")
            ),
            **others(),
        }

    def oversized(self) -> Mapping[str, Behaviour]:
        def first(head: bytes, more: bytes) -> Behaviour:
            def behave(connection: socket.socket) -> None:
                for command in commands(connection):
                    if command[0].upper() != "INFO":
                        connection.sendall(b"+PONG\r\n" if command[0].upper() == "PING" else b"+OK\r\n")
                        continue
                    connection.sendall(head)
                    for _ in itertools.repeat(None, 4096):
                        connection.sendall(more)

            return behave

        return {
            "a bulk of 4 GB": first(b"$4294967296\r\n", b"x:1\r\n" * 10_000),
            "a line without end": first(b"+", b"x" * 65536),
            "an array without end": first(b"*2147483647\r\n", b":1\r\n" * 10_000),
        }


def bulk(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return b"$%d\r\n%s\r\n" % (len(content), content)


def speaking(answer: Answer) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        for command in commands(connection):
            connection.sendall(answer(command))

    return behave


def commands(connection: socket.socket) -> Iterator[list[str]]:
    """Each command of a connection, as words."""
    buffered = b""
    while True:
        command, buffered = _parsed(buffered)
        if command:
            yield command
            continue
        more = connection.recv(65536)
        if not more:
            return
        buffered += more


def _parsed(data: bytes) -> tuple[list[str], bytes]:
    """The first whole command, and what follows it; none while it is not whole."""
    head, found, rest = data.partition(b"\r\n")
    if not found:
        return [], data
    words = []
    for _ in range(int(head[1:])):
        size, found, after = rest.partition(b"\r\n")
        if not found or len(after) < int(size[1:]) + 2:
            return [], data
        words.append(after[: int(size[1:])].decode())
        rest = after[int(size[1:]) + 2 :]
    return words, rest
