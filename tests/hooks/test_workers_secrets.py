"""A token that a program gave to one worker is blanked in what another worker keeps."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from pathlib import Path

import pytest

from opsproof.testing import faulty
from tests.hooks.team import Team

pytestmark = pytest.mark.slow
_SPACES = [f"shop-{number}" for number in range(12)]
_CHECK = '''
"""The shop's pods."""

from __future__ import annotations

from typing import Any

from opsproof import HIGH, check
from opsproof.sources.kubernetes.asks import Pods


@check("shop/pods", title="There are pods", level=HIGH)
def check_pods(pods: Pods, examine: Any) -> None:
    """Nobody is served."""
    for pod in pods:
        with examine(pod):
            raise AssertionError(f"it bears {pod.labels}")
'''
_SYSTEM = f"""
system: shop
title: The shop
severities: [{{label: P1, level: high, respond_within: 5 minutes}}]
names: {{namespaces: {_SPACES}}}
"""
_ROW = "{says: pods, checks: [shop/pods], cadence: [daily], level: high}"
_PLUGIN = """#!/bin/sh
token=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \\n')
echo "{\\"status\\": {\\"token\\": \\"$token\\"}}"
"""


def test_no_process_keeps_the_token_of_another(tmp_path: Path) -> None:
    seen: set[str] = set()
    two = threading.Event()

    def answer(head: bytes) -> bytes:
        seen.update(re.findall(r"Bearer ([0-9a-f]+)", head.decode()))
        path = head.split(b" ")[1].decode().partition("?")[0]
        if len(seen) > 1:
            two.set()
        two.wait(5)
        metadata = {
            "name": path.rsplit("/", 1)[-1],
            "namespace": "x",
            "uid": "u",
            "labels": {"seen": " ".join(seen)},
        }
        if path.endswith("/pods"):
            return json.dumps({"kind": "PodList", "metadata": {}, "items": [{"metadata": metadata}]}).encode()
        return json.dumps({"kind": "Namespace", "metadata": metadata, "gitVersion": "v1.33.0"}).encode()

    def behave(connection: socket.socket) -> None:
        heard = b""
        while more := connection.recv(65536):
            heard += more
            if heard.endswith(b"\r\n\r\n"):
                connection.sendall(faulty.http(answer(heard), "Content-Type: application/json"))
                heard = b""

    with faulty.serving(behave) as port:
        done = _team(tmp_path / "team", port).run("checks", "-n", "2", "--env", "shop/live")
    assert len(seen) == 2, done.stdout + done.stderr
    kept = "\n".join(map(_text, (tmp_path / "team" / "reports").rglob("*"))) + done.stdout + done.stderr
    assert [token for token in seen if token in kept] == []
    assert "[secret] [secret]" in kept


def _team(folder: Path, port: int) -> Team:
    team = Team(folder)
    team.write("checks/shop/check_pods.py", _CHECK)
    team.write("checks/systems/shop/system.yaml", _SYSTEM)
    team.write("checks/systems/shop/runbook.yaml", f"requirements:\n  SH-001: {_ROW}\n")
    team.write(
        "checks/systems/shop/environments/live.yaml",
        f"environment: live\ntargets:\n  kubernetes: {{kubeconfig: {folder.parent}/kubeconfig}}\n",
    )
    plugin = folder.parent / "login"
    plugin.write_text(_PLUGIN)
    plugin.chmod(0o755)
    user = {"exec": {"command": str(plugin), "apiVersion": "client.authentication.k8s.io/v1"}}
    kubeconfig = {
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": user}],
    }
    (folder.parent / "kubeconfig").write_text(json.dumps(kubeconfig))
    return team


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")
