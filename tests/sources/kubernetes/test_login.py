"""Where to and as whom: kubeconfigs, tokens and exec plugins, with nothing secret in what is told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsproof.model.failure import NotConfigured, TimedOut, Unauthenticated
from opsproof.sources.kubernetes.login import Login, login
from opsproof.sources.kubernetes.settings import KubernetesSettings

SECRET = "planted-secret"
CLUSTER = {"name": "prod", "cluster": {"server": "https://10.0.0.1:6443/"}}


def claims(**content: str) -> str:
    return ".".join(["e30", base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("="), "x"])


def config(user: dict[str, Any] | None = None, *more: str, **cluster: Any) -> dict[str, Any]:
    """A kubeconfig with one context, `prod`, and with `more` of them."""
    contexts = [{"name": name, "context": {"cluster": "prod", "user": "sre"}} for name in ("prod", *more)]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "contexts": contexts,
        "clusters": [{"name": "prod", "cluster": CLUSTER["cluster"] | cluster}],  # type: ignore[operator]
        "users": [{"name": "sre", "user": user or {}}],
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"


def logged_in(file: Path, document: object, seconds: float = 5.0, **settings: Any) -> Login:
    file.write_text(yaml.safe_dump(document))
    return login(KubernetesSettings(kubeconfig=str(file), **settings), seconds)


def test_a_token_of_the_kubeconfig(file: Path) -> None:
    found = logged_in(file, config({"token": SECRET}))
    assert (found.server, found.authorization) == ("https://10.0.0.1:6443", f"Bearer {SECRET}")
    assert (found.who, found.ca, found.certificate) == ("a token", None, None)
    assert SECRET not in repr(found)


def test_a_service_accounts_token_says_whose_it_is(file: Path) -> None:
    token = claims(sub="system:serviceaccount:ops:opsproof")
    assert logged_in(file, config({"token": token})).who == "token of system:serviceaccount:ops:opsproof"


def test_files_are_taken_from_the_kubeconfigs_folder(file: Path) -> None:
    (file.parent / "token").write_text(SECRET)
    (file.parent / "ca.pem").write_text("authority")
    found = logged_in(file, config({"tokenFile": "token"}, **{"certificate-authority": "ca.pem"}))
    assert (found.authorization, found.ca) == (f"Bearer {SECRET}", file.parent / "ca.pem")


def test_the_environment_overrides_server_authority_and_token(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / "ca.pem").write_text("authority")
    monkeypatch.setenv("OPS_TOKEN", "other")
    found = logged_in(
        file,
        config({"token": SECRET}, **{"insecure-skip-tls-verify": True}),
        server="https://10.0.0.2",
        ca=str(file.parent / "ca.pem"),
        token={"env": "OPS_TOKEN"},
    )
    assert (found.server, found.authorization) == ("https://10.0.0.2", "Bearer other")
    assert found.ca == file.parent / "ca.pem"


def test_the_text_of_a_kubeconfig_may_be_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_KUBECONFIG", json.dumps(config({"token": SECRET})))
    settings = KubernetesSettings(kubeconfig={"env": "OPS_KUBECONFIG"})  # type: ignore[arg-type]
    assert login(settings, 5.0).authorization == f"Bearer {SECRET}"


def test_a_server_with_a_token_needs_no_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TOKEN", SECRET)
    settings = KubernetesSettings(server="https://10.0.0.1", token={"env": "OPS_TOKEN"})  # type: ignore[arg-type]
    assert login(settings, 5.0).authorization == f"Bearer {SECRET}"


def test_the_current_context_is_never_used(file: Path) -> None:
    with pytest.raises(NotConfigured, match="add the key `context`: prod, staging"):
        logged_in(file, config({"token": SECRET}, "staging"))
    assert logged_in(file, config({"token": SECRET}, "staging"), context="staging").server


def test_the_shells_proxy_and_kubeconfig_are_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    assert logged_in(file, config({"token": SECRET})).proxy == ""
    assert logged_in(file, config({"token": SECRET}, **{"proxy-url": "http://p:8"})).proxy == "http://p:8"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("just text", "names no contexts and clusters"),
        ({"contexts": [], "clusters": []}, "names no contexts and clusters"),
        (config({"token": SECRET}, **{"insecure-skip-tls-verify": True}), "insecure-skip-tls-verify"),
        (config({"token": SECRET, "as": "admin"}), "does not impersonate"),
        (config({"auth-provider": {"name": "oidc", "config": {"id-token": SECRET}}}), "exec plugin"),
        (config({"client-certificate-data": "eA=="}), "certificate and its key"),
        (config({"client-certificate-data": "eA", "client-key-data": "eA"}), "cannot be used"),
        (config({"client-certificate-data": "eA==", "client-key-data": "eA=="}), "cannot be read"),
        (config({"tokenFile": "nowhere"}), "cannot be used"),
        (config({}, **{"certificate-authority": "nowhere"}), "cannot be used"),
        (config() | {"clusters": [{"name": "other"}]}, "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(file: Path, document: object, message: str) -> None:
    with pytest.raises(NotConfigured, match=message) as raised:
        logged_in(file, document)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_context_is_named_with_the_known_ones(file: Path) -> None:
    with pytest.raises(NotConfigured, match="no context 'prd'; it has prod"):
        logged_in(file, config(), context="prd")


def test_bad_yaml_is_not_repeated(file: Path) -> None:
    file.write_text(f"token: {SECRET}: {{")
    with pytest.raises(NotConfigured, match="is not YAML") as raised:
        login(KubernetesSettings(kubeconfig=str(file)), 5.0)
    assert SECRET not in str(raised.value)


def plugin(file: Path, script: str, **more: Any) -> dict[str, Any]:
    """An exec plugin beside the kubeconfig."""
    program = file.parent / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return config({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", **more}})


def credential(**status: str) -> str:
    return json.dumps(
        {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    )


def test_an_exec_plugin_gives_a_token(file: Path) -> None:
    document = plugin(
        file,
        'test "$1" = now && test "$WHERE" = here && test ! -t 0 && echo "$KUBERNETES_EXEC_INFO" | '
        f"""grep -q '"interactive": false' && echo '{credential(token=SECRET)}'""",
        args=["now"],
        env=[{"name": "WHERE", "value": "here"}],
    )
    assert logged_in(file, document).authorization == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("script", "error", "message"),
    [
        (f"echo {SECRET} >&2; exit 3", Unauthenticated, "ended with status 3"),
        (f"echo {SECRET}", Unauthenticated, "did not answer with an ExecCredential"),
        (f"echo '{credential()}'", Unauthenticated, "neither a token nor a certificate"),
        (f"echo '{credential(clientCertificateData=SECRET)}'", Unauthenticated, "neither a token"),
        ("exec sleep 5", TimedOut, "took longer than 0.3 s"),
    ],
)
def test_an_exec_plugin_that_fails(file: Path, script: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        logged_in(file, plugin(file, script), seconds=0.3 if error is TimedOut else 5.0)
    assert SECRET not in str(raised.value)


def test_an_exec_plugin_that_is_not_there(file: Path) -> None:
    with pytest.raises(NotConfigured, match="cannot be run"):
        logged_in(file, config({"exec": {"apiVersion": "v1", "command": "no-such-plugin-here"}}))


def test_outside_a_pod_there_is_no_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(NotConfigured, match="not a pod"):
        login(KubernetesSettings(in_cluster=True), 5.0)
