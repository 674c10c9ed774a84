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


def credentials(plugin: Mapping[str, Any], cluster: Mapping[str, Any], seconds: float) -> dict[str, str]:
    """What the plugin gives, as the kubeconfig's user would hold it: a token, or certificate and key.

    The official client runs plugins too, but without deadline, and it logs their failures instead of raising.

    Raises:
        NotConfigured, TimedOut, Unauthenticated: named after the plugin; its output is never repeated.
    """
    command, version = str(plugin.get("command", "")), str(plugin.get("apiVersion", ""))
    if not command or not version:
        raise NotConfigured("the kubeconfig's exec plugin needs command and apiVersion")
    info = _info(plugin, cluster, version)
    status = _status(_run(plugin, command, info, seconds), command)
    if token := status.get("token"):
        return {"token": token}
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    if certificate and key:
        return {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    raise Unauthenticated(f"the exec plugin {command!r} gave neither a token nor a certificate with its key")


# What a program needs to run, and what the programs of clouds need to know; nothing else of the surrounding shell.
_ALWAYS = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_",),
    "aws-iam-authenticator": ("AWS_",),
    "gke-gcloud-auth-plugin": ("CLOUDSDK_", "GOOGLE_"),
    "gcloud": ("CLOUDSDK_", "GOOGLE_"),
    "kubelogin": ("AZURE_", "AAD_"),
    "oci": ("OCI_",),
    "doctl": ("DIGITALOCEAN_",),
}
_CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"
_OF_CLUSTER = ("server", "tls-server-name", "certificate-authority-data", "proxy-url")


def _environment(command: str) -> dict[str, str]:
    prefixes = ("LC_", "XDG_", *_PREFIXES.get(Path(command).name, ()))
    return {name: value for name, value in os.environ.items() if name in _ALWAYS or name.startswith(prefixes)}


def _info(plugin: Mapping[str, Any], cluster: Mapping[str, Any], version: str) -> str:
    """KUBERNETES_EXEC_INFO; with the cluster where the plugin wants to know it."""
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo") is True:
        spec["cluster"] = {name: cluster[name] for name in _OF_CLUSTER if cluster.get(name)}
        for one in cluster.get("extensions") or ():
            if isinstance(one, dict) and one.get("name") == _CLUSTER_EXTENSION:
                spec["cluster"]["config"] = one.get("extension")
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec}, default=str)


def _run(plugin: Mapping[str, Any], command: str, info: str, seconds: float) -> bytes:
    named = {str(one["name"]): str(one["value"]) for one in plugin.get("env") or ()}
    try:
        done = subprocess.run(
            [command, *map(str, plugin.get("args") or ())],
            env={**_environment(command), **named, "KUBERNETES_EXEC_INFO": info},
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
