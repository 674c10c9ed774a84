"""The first bytes of Redis: enough of RESP2 for what opsproof asks."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator, Mapping

from opsproof.testing.bytewise import others
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right

Answer = Callable[[list[str]], bytes]


# What a server says beside INFO, by the words that a command begins with; `{}` is a text of the test's.
_KNOWN: dict[str, bytes] = {
    "PING": b"+PONG\r\n",
    "EXISTS": b":0\r\n",
    "TYPE stream": b"+stream\r\n",
    "TYPE": b"+list\r\n",
    "LLEN": b":3\r\n",
    "XLEN": b":5\r\n",
    "ZCARD": b":1\r\n",
    "GET": b"$2\r\n77\r\n",
    "ZRANGE": b"*2\r\n$2\r\nid\r\n$13\r\n1700000000.25\r\n",
    "XPENDING": b"*4\r\n:1\r\n$15\r\n1700000000000-0\r\n$15\r\n1700000000000-0\r\n*0\r\n",
    "XRANGE": b"*1\r\n*2\r\n$15\r\n1700000000000-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    "CONFIG GET": b"*2\r\n$4\r\nsave\r\n$5\r\n900 1\r\n",
    "SENTINEL CKQUORUM": b"+OK 3 usable Sentinels. Quorum and failover authorization can be reached\r\n",
}


def _said(text: str) -> dict[str, bytes]:
    """What holds a text of the server's."""
    nodes = f"a1 {text}:6379@16379 myself,master - 0 0 1 connected 0-16383"
    clients = f"id=7 addr={text} name={text} db=0 flags=b idle=0 cmd=brpop"
    return {
        "CLUSTER INFO": bulk(f"cluster_state:ok\r\ncluster_slots_ok:16384\r\n{text}:1"),
        "CLUSTER NODES": bulk(nodes),
        "CLIENT LIST": bulk(clients),
        "LINDEX": bulk(text),
        "SMEMBERS": several(text),
        "XINFO GROUPS": b"*1\r\n" + several("name", text, "pending", 1, "lag", 2, "entries-read", 9),
        "XINFO CONSUMERS": b"*1\r\n" + several("name", text, "idle", 12),
        "SENTINEL MASTER": several("name", "mymaster", "runid", text, "flags", "master", "quorum", "2"),
        "SENTINEL REPLICAS": b"*1\r\n" + several("name", text, "flags", "slave", "master-link-status", "ok"),
    }


class Redis:
    """A server that knows what opsproof asks; as a Sentinel where `mode` says so."""

    def __init__(self, mode: str = "cluster") -> None:
        self.mode = mode

    def good(self, said: Said) -> Behaviour:
        seconds = said.clock.timestamp() if said.clock else None
        info = {
            "server": [f"redis_version:{said.text}", f"redis_mode:{self.mode}", "uptime_in_seconds:100"]
            + ([f"server_time_usec:{seconds * 1e6:.0f}"] if seconds is not None else []),
            "replication": ["role:master", f"master_replid:{said.text}"],
            "cluster": ["cluster_enabled:1"],
            "sentinel": ["sentinel_masters:1", "master0:name=mymaster,status=ok"],
            "memory": ["used_memory:1024", "maxmemory:4096", f"maxmemory_policy:{said.text}"],
        }

        known = {**_KNOWN, **_said(said.text)}

        def answer(command: list[str]) -> bytes:
            if command[0].upper() == "INFO":
                usual = [line for lines in info.values() for line in lines]
                lines = info.get(command[1].lower(), []) if len(command) > 1 else usual
                return bulk("\r\n".join([f"# {command[-1]}", *lines]))
            words = " ".join(command)
            return next((known[name] for name in known if words.startswith(name)), b"+OK\r\n")

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
                    if command[0].upper() in {"AUTH", "HELLO", "SELECT", "PING", "ACL"}:
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


def several(*parts: str | int) -> bytes:
    """An array of texts and numbers."""
    each = (b":%d\r\n" % part if isinstance(part, int) else bulk(part) for part in parts)
    return b"*%d\r\n" % len(parts) + b"".join(each)


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
