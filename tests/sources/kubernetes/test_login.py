"""Where to and as whom: kubeconfigs, tokens and exec plugins, with nothing secret in what is told."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsproof.model.failure import NotConfigured, TimedOut, Unauthenticated
from opsproof.sources.kubernetes.collector import _session
from opsproof.sources.kubernetes.login import Login, login
from opsproof.sources.kubernetes.settings import KubernetesSettings
from opsproof.testing.links import target_of

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


def logged_in(file: Path, document: object, seconds: float = 60.0, **settings: Any) -> Login:
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
        ("exec sleep 300", TimedOut, "took longer than 0.3 s"),
    ],
)
def test_an_exec_plugin_that_fails(file: Path, script: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        logged_in(file, plugin(file, script), seconds=0.3 if error is TimedOut else 60.0)
    assert SECRET not in str(raised.value)


def test_an_exec_plugin_that_is_not_there(file: Path) -> None:
    with pytest.raises(NotConfigured, match="cannot be run"):
        logged_in(file, config({"exec": {"apiVersion": "v1", "command": "no-such-plugin-here"}}))


def test_outside_a_pod_there_is_no_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(NotConfigured, match="not a pod"):
        login(KubernetesSettings(in_cluster=True), 5.0)


def test_a_plugin_is_told_the_cluster_where_it_wants_to_know_it(file: Path) -> None:
    """As kubectl does: the server, and the extension that is meant for plugins."""
    kept = file.parent / "info"
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    document = plugin(
        file,
        f"echo \"$KUBERNETES_EXEC_INFO\" > {kept}; echo '{credential(token=SECRET)}'",
        provideClusterInfo=True,
    )
    document["clusters"][0]["cluster"]["extensions"] = [extension]
    assert logged_in(file, document).authorization == f"Bearer {SECRET}"
    cluster = json.loads(kept.read_text())["spec"]["cluster"]
    assert cluster == {"server": "https://10.0.0.1:6443/", "config": {"audience": "x"}}


def test_a_plugin_gets_the_variables_it_needs_and_no_others(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS_DATABASE_PASSWORD", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    kept = file.parent / "environment"
    logged_in(file, plugin(file, f"env > {kept}; echo '{credential(token='another-token')}'"))
    assert SECRET not in kept.read_text()
    assert "PATH=" in kept.read_text()


def test_a_kubeconfig_of_the_repository_starts_no_program(tmp_path: Path) -> None:
    """Who may write a file there may not run one here, unless the environment says so."""
    folder = tmp_path / "checks" / "systems" / "shop" / "environments"
    folder.mkdir(parents=True)
    mark = tmp_path / "it-ran"
    document = plugin(tmp_path / "kubeconfig", f"touch {mark}; echo '{credential(token=SECRET)}'")
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
    written = {"kubeconfig": "../../../../kubeconfig"}
    settings = KubernetesSettings.model_validate(written, context=folder)
    with pytest.raises(
        NotConfigured, match="would start a program: keep it elsewhere, or say allow_exec: true"
    ):
        login(settings, 5.0)
    assert not mark.exists()
    allowed = KubernetesSettings.model_validate({**written, "allow_exec": True}, context=folder)
    assert login(allowed, 5.0).authorization == f"Bearer {SECRET}"


def _pair() -> tuple[bytes, bytes]:
    from datetime import datetime, timedelta, timezone

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sre")])
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.sign(key, hashes.SHA256()).public_bytes(encoding), private


def test_a_key_of_the_kubeconfig_is_on_no_disk(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed while it is in use leaves nothing; TLS libraries read it from memory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    certificate, key = _pair()
    encoded = {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }
    authority = {"certificate-authority-data": base64.b64encode(certificate).decode()}
    found = logged_in(file, config(encoded, **authority))

    assert [] == list((tmp_path / "tmp").iterdir())
    assert found.certificate is not None and found.ca is not None
    ssl.create_default_context(cafile=str(found.ca)).load_cert_chain(*map(str, found.certificate))
    assert found.who == "certificate sre"
    assert key.decode() in found.secrets


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("http://10.0.0.1:8080", False),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080", True),
        ("https://10.0.0.1:6443", True),
    ],
)
def test_a_token_goes_over_http_to_this_machine_alone(file: Path, server: str, told: bool) -> None:
    document = config({"token": SECRET}, server=server)
    if told:
        assert logged_in(file, document).authorization
    else:
        with pytest.raises(
            NotConfigured, match=f"plain http to {server}: use https, or say plain_http: true"
        ) as no:
            logged_in(file, document)
        assert no.value.own
    assert logged_in(file, document, plain_http=True).authorization
    assert logged_in(file, config({}, server=server)).authorization == ""


def test_a_socks_proxy_names_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsproof.sources.kubernetes.collector.find_spec", lambda name: None)
    found = logged_in(file, config({"token": SECRET}, **{"proxy-url": "socks5://127.0.0.1:1080"}))
    target = target_of("kubernetes", server="https://10.0.0.1", token={"file": str(file)})
    with pytest.raises(NotConfigured, match=r"pip install 'opsproof\[socks\]'"):
        _session(found, target)
