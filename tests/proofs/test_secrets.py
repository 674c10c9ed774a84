"""Secrets planted wherever they could leak from appear in no output: not on the terminal, not in any file."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.elsewhere import checkout, reached
from tests.faults.run import latest, opsproof
from tests.proofs import planted
from tests.proofs.conftest import Proof
from tests.testbed import kubernetes_pod_faults as pod_faults
from tests.testbed.services import faults, nginx, proxy, secrets
from tests.testbed.services.sites import Page

pytestmark = [pytest.mark.testbed, pytest.mark.slow]
PLANTED = {
    "error body": "planted-8Qv1-in-an-error-body",
    "health document": "planted-8Qv2-in-a-health-document",
    "redirect": "planted-8Qv3-in-a-redirect",
    "wrong password": "planted-8Qv4-as-a-wrong-password",
    "header": "planted-8Qv5-as-a-header",
    "pod environment": "planted-8Qv6-in-a-pod",
    "API server error": "planted-8Qv7-in-an-error-of-the-API-server",
    "secret key of S3": "planted-8Qv8/as+a-secret-key-of-S3",
    "access key of S3": "PLANTED8QV9ACCESSKEY",
    "secret key of AWS": "planted-8Qva/as+a-secret-key-of-AWS",
}


def credentials() -> dict[str, str]:
    """All secrets that the testbed's environments refer to, and the key inside the kubeconfig."""
    found = {path.name: path.read_text().strip() for path in secrets.folder().glob("*.password")}
    user = yaml.safe_load((secrets.folder() / "opsproof.kubeconfig").read_text())["users"][0]["user"]
    if "client-key-data" in user:
        found["key in base64"] = user["client-key-data"]
        found["key"] = base64.b64decode(user["client-key-data"]).decode().splitlines()[1]
    elif "client-key" in user:
        found["key"] = Path(user["client-key"]).read_text().splitlines()[1]
    assert len(found) > 3
    return found


def outputs(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a run as text, unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            yield path.relative_to(folder).as_posix(), data.decode(errors="replace")


def leaks(folder: Path, printed: str, planted: dict[str, str]) -> list[str]:
    texts = [("the terminal", printed), *outputs(folder)]
    assert len(texts) > 20, "a run leaves more than that"
    return [
        f"{name} in {where}" for where, text in texts for name, secret in planted.items() if secret in text
    ]


def test_a_healthy_run_shows_no_credential_and_no_content(proof: Proof) -> None:
    assert leaks(proof.run.folder, "", {**credentials(), **planted.CONTENTS}) == []


def test_nothing_planted_shows(testbed: None, tmp_path: Path) -> None:
    kept = {
        name: secrets.folder() / f"{name}.password" for name in ("wrong", "header", "s3", "access", "aws")
    }
    named = ("wrong password", "header", "secret key of S3", "access key of S3", "secret key of AWS")
    for path, name in zip(kept.values(), named, strict=True):
        path.write_text(PLANTED[name])
    wrong, header = kept["wrong"], kept["header"]
    away = f"https://login.example.com/?session={PLANTED['redirect']}"
    word = PLANTED["health document"]
    document = json.dumps({"status": f"down {word}", "dependencies": {f"{word}=x": "down"}})
    pages = {
        ("api.accelerapp.io", "/health"): Page(
            f"<h1>{PLANTED['error body']}</h1>", status=500, type="text/html"
        ),
        ("api.accelerapp.io", "/health/detailed"): Page(document),
        ("opsforge.example.com", "/health"): Page("", status=302, location=away),
    }
    status = json.dumps({"kind": "Status", "message": PLANTED["API server error"], "code": 500})
    # Prometheus' own words are shown, as they are about our query; a credential in them is not.
    words = f"no such function near {PLANTED['wrong password']}"
    error = json.dumps({"status": "error", "errorType": "execution", "error": words})
    with ExitStack() as stack:
        for (host, path), page in pages.items():
            stack.enter_context(nginx.serving(host, path, page))
        _, kubeconfig = stack.enter_context(
            proxy.before_kubernetes(faults.status(500, "/namespaces/accelerapp/", body=status))
        )
        gate = stack.enter_context(
            proxy.before("prometheus", faults.status(400, "/api/v1/query", body=error))
        )
        changed: dict[str, dict[str, Any]] = {
            "kubernetes": {"kubeconfig": str(kubeconfig)},
            "prometheus": {"url": f"http://{gate.address}"},
            "postgres": {"password": {"file": str(wrong)}},
            "http": {"headers": {"api.accelerapp.io": {"X-Token": {"file": str(header)}}}},
        }
        for role, settings in changed.items():
            stack.enter_context(reached("accelerapp", role, **settings))
        # A server that refuses a signature repeats the key and what was signed.
        keys = {"secret_key": {"file": str(kept["s3"])}}
        stack.enter_context(reached("smartcloudops", "s3", **keys))
        stack.enter_context(reached("enterprise-platform", "s3", access_key={"file": str(kept["access"])}))
        stack.enter_context(reached("enterprise-platform", "aws", secret_key={"file": str(kept["aws"])}))
        stack.enter_context(planted.read())

        def environment(template: Any) -> None:
            variable = {"name": "API_TOKEN", "value": PLANTED["pod environment"]}
            template["spec"]["containers"][0]["env"] = [variable]

        stack.enter_context(pod_faults.template("smartcloudops", "backend", environment))
        where = checkout(tmp_path)
        done = opsproof(tmp_path, "checks", "-v", "--env", "testbed", cwd=where)
    for path in kept.values():
        path.unlink()
    printed = done.stdout + done.stderr
    assert "wrong password for opsproof" in printed, printed
    words = " ".join(printed.split())
    assert "no such function near" in words, printed
    assert "the secret key does not belong to the access key" in words, printed
    assert "the server does not know the access key" in words, printed
    assert leaks(latest(tmp_path).folder, printed, {**PLANTED, **planted.CONTENTS, **credentials()}) == []
