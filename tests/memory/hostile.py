"""Servers that want all of our memory, each in a way of its own."""

from __future__ import annotations

import itertools
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator

from opsproof.testing.faulty import Behaviour
from tests.contract.postgres_wire import Postgres
from tests.contract.redis_wire import Redis, bulk, commands

_HEAD = b'{"status":"success","data":{"resultType":"%s","result":['
_END = b"]}}"
_SERIES = b'{"metric":{},"value":[1795000000,"1"]}'
Answer = Callable[[str], Iterable[bytes]]


def web(
    answer: Answer, more: str = "", media: Callable[[str], str] = lambda path: "application/json"
) -> Behaviour:
    """HTTP, each answer in chunks."""

    def behave(connection: socket.socket) -> None:
        for path in _paths(connection):
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: {media(path)}\r\nTransfer-Encoding: chunked\r\n{more}\r\n"
            )
            connection.sendall(head.encode())
            for part in answer(path):
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            connection.sendall(b"0\r\n\r\n")

    return behave


def raw(parts: Iterable[bytes]) -> Behaviour:
    """The first bytes of HTTP, and then what is none."""

    def behave(connection: socket.socket) -> None:
        for _ in _paths(connection):
            for part in parts:
                connection.sendall(part)

    return behave


def _paths(connection: socket.socket) -> Iterator[str]:
    heard = b""
    while more := connection.recv(65536):
        heard += more
        if heard.endswith(b"\r\n\r\n"):
            yield heard.split(b" ")[1].decode()
            heard = b""


def series(kind: str, *parts: Iterable[bytes]) -> Answer:
    """A query's answer of these parts; who the server is, it tells like a good one."""

    def answer(path: str) -> Iterable[bytes]:
        if "/query" in path:
            return itertools.chain([_HEAD % kind.encode()], *parts, [_END])
        return [json.dumps({"status": "success", "data": {"version": "3.0", "yaml": ""}}).encode()]

    return answer


def _endless(part: bytes) -> Iterator[bytes]:
    return itertools.repeat(part)


def _bomb() -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield packer.compress(bytes(2**20)) + packer.flush(zlib.Z_SYNC_FLUSH)


def _millions_of_samples(count: int) -> Iterator[bytes]:
    yield b'{"metric":{},"values":[[1,"1"]'
    yield from itertools.repeat(b',[1795000000.123,"1"]' * 4096, count // 4096)
    yield b"]}"


def cluster(pods: Callable[[], Iterable[bytes]], media: str = "application/json") -> Behaviour:
    """An API server that lists these pods."""
    space = {
        "kind": "Namespace",
        "metadata": {"name": "shop", "uid": "1", "creationTimestamp": "2026-01-01T00:00:00Z"},
    }

    def listed(path: str) -> bool:
        return path.partition("?")[0].endswith("/pods")

    def answer(path: str) -> Iterable[bytes]:
        if listed(path):
            return pods()
        return [json.dumps({"major": "1", "minor": "33", "gitVersion": "v1.33.0", **space}).encode()]

    return web(answer, media=lambda path: media if listed(path) else "application/json")


def _pages() -> Callable[[], Iterable[bytes]]:
    """Each page is small, and says that there is another."""
    numbers = itertools.count(1)

    def page() -> Iterable[bytes]:
        number = next(numbers)
        pods = (POD % f"{number}-{one}".encode() for one in range(20_000))
        yield b'{"kind":"PodList","metadata":{"continue":"%d"},"items":[%s]}' % (number, b",".join(pods))

    return page


POD = b'{"metadata":{"name":"%s"},"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending"}}'


def _tiny() -> Iterable[bytes]:
    pod = b'{"metadata":{}}'
    return itertools.chain(
        [b'{"kind":"PodList","metadata":{},"items":[' + pod],
        itertools.repeat((b"," + pod) * 4096, 4096),
        [b"]}"],
    )


def _reply(head: bytes, more: bytes) -> Behaviour:
    """Redis: a list without end of the smallest things there are."""

    def behave(connection: socket.socket) -> None:
        for command in commands(connection):
            if command[0].upper() != "INFO":
                connection.sendall(b"+PONG\r\n" if command[0].upper() == "PING" else b"+OK\r\n")
            elif command[-1].lower() == "server":
                connection.sendall(bulk("redis_version:8.0"))
            else:
                connection.sendall(head)
                for _ in itertools.repeat(None):
                    connection.sendall(more)

    return behave


def binary(item: bytes, size: int) -> Behaviour:
    """A cluster that lists items of protobuf, so many bytes of them."""
    items = item * (size // len(item))
    raw = b"\x0a\x00" + items
    kind = b"\x0a\x02v1\x12\x07PodList"
    body = b"k8s\0" + _field(1, kind) + _field(2, raw)

    return cluster(lambda: [body], "application/vnd.kubernetes.protobuf")


def _field(number: int, content: bytes) -> bytes:
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


# A pod, or one with containers, of as few bytes as there can be.
EMPTY_POD = b"\x12\x02\x0a\x00"
EMPTY_CONTAINERS = b"\x12\x42\x0a\x00\x12\x3e" + b"\x12\x00" * 31


def failing(count: int, longer: int = 0) -> Behaviour:
    """A cluster of pods that all fail."""
    pods = b",".join(POD % (f"{number:06}".encode() + b"x" * longer) for number in range(count))
    return cluster(lambda: [b'{"kind":"PodList","metadata":{},"items":[%s]}' % pods])


def patient(after: Callable[[], bool]) -> Behaviour:
    """A good server, which answers when the others are at their worst."""
    good = series("vector", [_SERIES])

    def answer(path: str) -> Iterable[bytes]:
        if "/query" in path:
            for _ in range(500):
                if after():
                    break
                time.sleep(0.01)
        return good(path)

    return web(answer)


def servers() -> dict[str, tuple[str, Behaviour]]:
    """By name: the kind of target that it stands for, and what it does."""
    million = _millions_of_samples
    return {
        "a body without end": ("value", web(series("vector", [_SERIES], _endless((b"," + _SERIES) * 1024)))),
        "one text without end": ("value", web(series("vector", [b'"'], _endless(b"x" * 65536)))),
        "a gzip bomb": ("value", web(lambda path: _bomb(), "Content-Encoding: gzip\r\n")),
        "millions of samples": ("course", web(lambda path: series("matrix", million(4_000_000))(path))),
        "a header without end": (
            "value",
            raw(itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], _endless(b"x" * 65536))),
        ),
        "headers without end": (
            "value",
            raw(itertools.chain([b"HTTP/1.1 200 OK\r\n"], _endless(b"X: x\r\n" * 4096))),
        ),
        "a chunk's size without end": (
            "value",
            raw(
                itertools.chain(
                    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"], _endless(b"x" * 65536)
                )
            ),
        ),
        "pages without end": ("pods", cluster(_pages())),
        "tiny pods": ("pods", cluster(_tiny)),
        "tiny pods of protobuf": ("pods", binary(EMPTY_POD, 2**24)),
        "tiny containers of protobuf": ("pods", binary(EMPTY_CONTAINERS, 2**24)),
        "tiny containers of protobuf, just too few": ("pods", binary(EMPTY_CONTAINERS, 2**20)),
        "a list of ten million": ("cache", _reply(b"*10000000\r\n", b"*0\r\n" * 10_000)),
        "a bulk without end": ("cache", _reply(b"$4294967296\r\n", b"x" * 65536)),
        **{name: ("sessions", behave) for name, behave in Postgres().oversized().items()},
        **{f"redis: {name}": ("cache", behave) for name, behave in Redis().oversized().items()},
    }


def healthy(count: int, page: int = 500) -> Behaviour:
    """A cluster of ordinary pods, with all that the API server says of each (some 7 kB), page by page."""
    numbers = itertools.count()

    def pods() -> Iterable[bytes]:
        begin = next(numbers) * page
        items = b",".join(_pod(number) for number in range(begin, min(count, begin + page)))
        more = b'"continue":"%d"' % begin if begin + page < count else b""
        yield b'{"kind":"PodList","metadata":{%s},"items":[%s]}' % (more, items)

    return cluster(pods)


def _pod(number: int) -> bytes:
    return _ORDINARY.replace(b"@", b"%06d" % number)


def _ordinary() -> bytes:
    moment = "2026-01-01T00:00:00Z"
    paths = {
        f"f:{name}": {f"f:{inner}": {} for inner in "abcdefgh"}
        for name in ("metadata", "spec", "status", "x", "y")
    }
    managed = [
        {"manager": f"m{one}", "operation": "Update", "time": moment, "fieldsV1": paths} for one in range(4)
    ]
    environment = [
        {"name": f"VARIABLE_{one}", "value": f"a value of some length, number {one}"} for one in range(12)
    ]
    container = {
        "name": "app", "image": "registry.example.com/shop/app@sha256:" + "0123456789abcdef" * 4, "env": environment,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "volumeMounts": [{"name": f"v{one}", "mountPath": f"/var/run/secrets/v{one}", "readOnly": True} for one in range(4)],
    }  # fmt: skip
    status = {
        "name": "app", "ready": True, "started": True, "restartCount": 0, "image": container["image"],
        "imageID": container["image"], "state": {"running": {"startedAt": moment}}, "containerID": "containerd://@",
    }  # fmt: skip
    conditions = [
        {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": moment}
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    return json.dumps(
        {
            "metadata": {
                "name": "app-6d4cf56db6-@", "namespace": "shop", "uid": "00000000-0000-4000-8000-000000@",
                "creationTimestamp": moment, "labels": {"app": "shop", "pod-template-hash": "6d4cf56db6", "tier": "web"},
                "annotations": {"last-applied": '{\\"spec\\": \\u003c\\u003e}' * 20},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "app-6d4cf56db6", "uid": "u", "controller": True}],
                "managedFields": managed,
            },
            "spec": {
                "containers": [container], "nodeName": "node-7", "restartPolicy": "Always",
                "volumes": [{"name": f"v{one}", "configMap": {"name": f"c{one}", "defaultMode": 420}} for one in range(4)],
                "tolerations": [{"key": f"k{one}", "operator": "Exists", "effect": "NoExecute"} for one in range(4)],
            },
            "status": {
                "phase": "Running", "conditions": conditions, "containerStatuses": [status], "podIP": "10.0.0.1",
                "hostIP": "10.0.0.2", "startTime": moment, "qosClass": "Burstable",
            },
        }
    ).encode()  # fmt: skip


_ORDINARY = _ordinary()
