"""A drill of Velero's, on an API server of the test's own: what it asks for is what `opsproof rights` prints."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from opsproof.drill.cluster import proven_cluster
from opsproof.drill.perform import perform
from opsproof.sources.drill.rights import velero_needs
from opsproof.testing import faulty
from opsproof.testing.links import target_of

BEGUN = "2026-03-01T03:00:00Z"
VERBS = {"POST": "create", "DELETE": "delete"}


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "velero", "uid": "1", "creationTimestamp": BEGUN, **more}


class Server:
    """Velero's last night is a good one, and each Restore ends at once. `asked`: verb, resource, namespace."""

    def __init__(self) -> None:
        self.asked: set[tuple[str, str, str]] = set()
        self._there: set[str] = set()

    def __call__(self, connection: socket.socket) -> None:
        buffered = b""
        while more := connection.recv(65536):
            buffered += more
            while b"\r\n\r\n" in buffered:
                head, _, rest = buffered.partition(b"\r\n\r\n")
                lines = [one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
                length = int(lines[0].partition(b":")[2]) if lines else 0
                while len(rest) < length:
                    rest += connection.recv(65536)
                body, buffered = rest[:length], rest[length:]
                verb, path = head.decode().split(" ")[:2]
                connection.sendall(self._answer(verb, path.partition("?")[0], body))

    def _answer(self, verb: str, path: str, body: bytes) -> bytes:
        parts = path.split("/")
        group = parts[2] if parts[1] == "apis" else ""
        inside = parts[4:] if group else parts[3:]
        namespace, inside = (inside[1], inside[2:]) if len(inside) > 2 else ("", inside)
        resource, name = inside[0], inside[1] if len(inside) > 1 else ""
        told = VERBS.get(verb, "get" if name else "list")
        self.asked.add((told, f"{resource}.{group}" if group else resource, namespace))
        return self._of(verb, resource, name, body)

    def _of(self, verb: str, resource: str, name: str, body: bytes) -> bytes:
        if verb == "POST":
            self._there.add(f"{resource}/{json.loads(body)['metadata']['name']}")
            return _json({}, "201 Created")
        if verb == "DELETE":
            self._there.discard(f"{resource}/{name}")
            return _json({})
        if not name:
            return _json({"items": [_BACKUP] if resource == "backups" else []})
        if name in {"kube-system", "velero"}:
            return _json({"metadata": meta(name, uid="cluster-1")})
        if f"{resource}/{name}" not in self._there:
            return _json({}, "404 Not Found")
        progress = {"totalItems": 5, "itemsRestored": 5}
        return _json({"metadata": meta(name), "status": {"phase": "Completed", "progress": progress}})


_BACKUP = {
    "metadata": meta("nightly-1"),
    "spec": {"includedNamespaces": ["shop"]},
    "status": {
        "phase": "Completed",
        "startTimestamp": BEGUN,
        "progress": {"totalItems": 5, "itemsBackedUp": 5},
    },
}


def _json(document: Any, status: str = "200 OK") -> bytes:
    return faulty.http(json.dumps(document).encode(), "Content-Type: application/json", status=status)


def test_what_a_drill_asks_for_is_what_its_rights_are_for(tmp_path: Path) -> None:
    server = Server()
    (tmp_path / "token").write_text("a-token-of-the-test")
    with faulty.serving(server) as port:
        cluster = {
            "server": f"http://127.0.0.1:{port}", "token": {"file": str(tmp_path / "token")},
            "identity": {"kube-system-uid": "cluster-1"},
        }  # fmt: skip
        velero = {"cluster": cluster, "namespace": "shop"}
        target = target_of("drill", records=str(tmp_path / "records"), velero=velero)
        done = perform(target, proven_cluster(target, ()), lambda step: None)
    assert (True, "") == (done.good, done.left), done.failed
    assert {(one.verb, one.on, one.scope) for one in velero_needs(target.settings.velero)} == server.asked
