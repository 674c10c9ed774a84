"""In which form each list is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.model.target import Target
from opsproof.sources.kubernetes import collector
from opsproof.sources.kubernetes.asks import RESOURCES, ListOf
from opsproof.sources.kubernetes.login import Login
from opsproof.transport import web

JSON = "application/json"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@pytest.mark.parametrize("name", ["pods", "secrets"])
def test_of_secrets_only_metadata_is_accepted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answering(*_: Any, headers: dict[str, str], **__: Any) -> Any:
        asked.append(headers["Accept"])
        kind = RESOURCES[name].list_kind
        return web.Response(200, {}, f'{{"kind":"{kind}","metadata":{{}},"items":[]}}'.encode())

    one = collector.KubernetesCollector(Target("kubernetes", "kubernetes", "kubernetes:t", None))
    monkeypatch.setattr(one, "_connected", lambda link: (Login(server="https://k.example"), None))
    monkeypatch.setattr(web, "get", answering)
    link: Any = None
    assert one.collect(ListOf(target="kubernetes:t", resource=name, namespace="shop"), link) == []
    assert asked == [METADATA if name == "secrets" else JSON]
