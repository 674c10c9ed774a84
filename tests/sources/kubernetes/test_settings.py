"""A kubeconfig that does not have the context is found before the cluster is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.environment.references import Files, SecretRef
from opsproof.sources.kubernetes.settings import KubernetesSettings

CONFIG = """
contexts:
- {name: eu, context: {cluster: main, user: me}}
- {name: us, context: {cluster: other, user: me}}
clusters:
- {name: main, cluster: {server: "https://eu.example.com:6443"}}
- {name: other, cluster: {server: "https://us.example.com"}}
users: []
"""


def settings(folder: Path, text: str = CONFIG, context: str | None = "eu") -> KubernetesSettings:
    (folder / "config").write_text(text)
    return KubernetesSettings(kubeconfig=Files(file=str(folder / "config")), context=context)


@pytest.mark.parametrize(
    ("context", "text", "why"),
    [
        ("eu", CONFIG, ""),
        ("asia", CONFIG, "the kubeconfig has no context 'asia'; it has eu, us"),
        (None, CONFIG, "the kubeconfig has several contexts; add the key `context`: eu, us"),
        ("eu", "contexts: [", " is not YAML"),
        ("eu", "a: b", " names no contexts and clusters"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, context: str | None, text: str, why: str) -> None:
    found = settings(tmp_path, text, context).unfit()
    assert found.endswith(why)
    assert bool(found) == bool(why)


def test_a_kubeconfig_that_is_not_there_is_another_matter(tmp_path: Path) -> None:
    made = KubernetesSettings(kubeconfig=Files(file=str(tmp_path / "none")), context="eu")
    assert (made.unfit(), made.hosts(("kubeconfig",))) == ("", ())


def test_its_secrets_go_to_the_contexts_server(tmp_path: Path) -> None:
    assert settings(tmp_path).hosts(("kubeconfig",)) == ("eu.example.com:6443",)
    assert settings(tmp_path, context="us").hosts(("kubeconfig",)) == ("us.example.com:443",)
    named = KubernetesSettings(server="https://10.0.0.1:6443", token=SecretRef(env="TOKEN"))
    assert named.hosts(("token",)) == ("10.0.0.1:6443",)
