"""Exec credential plugins of kubeconfigs: run with a deadline, without a terminal to prompt on."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsproof.model.failure import NotConfigured, TimedOut, Unauthenticated


def credentials(plugin: Mapping[str, Any], folder: str, seconds: float) -> dict[str, str]:
    """What the plugin gives, as the kubeconfig's user would hold it: a token, or certificate and key.

    The official client runs plugins too, but without deadline, and it logs their failures instead of raising.

    Raises:
        NotConfigured, TimedOut, Unauthenticated: named after the plugin; its output is never repeated.
    """
    command, version = str(plugin.get("command", "")), str(plugin.get("apiVersion", ""))
    if not command or not version:
        raise NotConfigured("the kubeconfig's exec plugin needs command and apiVersion")
    status = _status(_run(plugin, command, version, folder, seconds), command)
    if token := status.get("token"):
        return {"token": token}
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    if certificate and key:
        return {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    raise Unauthenticated(f"the exec plugin {command!r} gave neither a token nor a certificate with its key")


def _run(plugin: Mapping[str, Any], command: str, version: str, folder: str, seconds: float) -> bytes:
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    named = {str(one["name"]): str(one["value"]) for one in plugin.get("env") or ()}
    try:
        done = subprocess.run(
            [_located(command, folder), *map(str, plugin.get("args") or ())],
            env={**os.environ, **named, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimedOut(f"the exec plugin {command!r} took longer than {seconds:.3g} s") from None
    except OSError as error:
        raise NotConfigured(f"the exec plugin {command!r} cannot be run ({type(error).__name__})") from None
    if done.returncode:
        raise Unauthenticated(f"the exec plugin {command!r} ended with status {done.returncode}")
    return done.stdout


def _located(command: str, folder: str) -> str:
    """A path is taken from the kubeconfig's folder, a bare name from PATH."""
    return str(Path(folder) / command) if "/" in command else command


def _status(output: bytes, command: str) -> Mapping[str, str]:
    try:
        status = json.loads(output)["status"]
    except (ValueError, KeyError, TypeError):
        status = None
    if not isinstance(status, dict) or not all(isinstance(value, str) for value in status.values()):
        raise Unauthenticated(f"the exec plugin {command!r} did not answer with an ExecCredential")
    return status


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
