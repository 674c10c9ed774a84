"""In which form each list is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.model.target import Target
from opsproof.sources.kubernetes import collector
from opsproof.sources.kubernetes.asks import RESOURCES, ListOf
from opsproof.sources.kubernetes.login import Login
from opsproof.testing.links import RecordingLink
from opsproof.transport import web

JSON = "application/json"
BINARY = "application/vnd.kubernetes.protobuf, application/json;q=0.9"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
OTHERS = {
    "secrets": METADATA,
    "configmaps": METADATA,
    "helm-releases": METADATA,
    **dict.fromkeys(("certificates", "certificaterequests", "orders", "challenges"), JSON),
    **dict.fromkeys(("resourcequotas", "limitranges", "events"), JSON),
    **dict.fromkeys(("prometheusrules", "scaledobjects", "nodepools", "nodeclaims"), JSON),
    **dict.fromkeys(("backups.velero.io", "schedules.velero.io", "restores.velero.io"), JSON),
    **dict.fromkeys(("backupstoragelocations", "podvolumebackups", "datauploads"), JSON),
    "nodes.metrics.k8s.io": JSON,
    "pods.metrics.k8s.io": JSON,
}


@pytest.mark.parametrize("name", RESOURCES)
def test_what_the_api_server_has_built_in_is_asked_for_in_protobuf(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Secrets and ConfigMaps only the metadata; what others serve, and what is few, comes as JSON."""
    asked: list[str] = []

    def answering(*_: Any, headers: dict[str, str], **__: Any) -> Any:
        asked.append(headers["Accept"])
        kind = RESOURCES[name].list_kind
        body = f'{{"kind":"{kind}","metadata":{{}},"items":[]}}'.encode()
        return web.Response(200, {"content-type": JSON}, body)

    target = Target("kubernetes", "kubernetes", "kubernetes:t", None)
    one = collector.KubernetesCollector(target)
    monkeypatch.setattr(one, "_connected", lambda link: (Login(server="https://k.example"), None))
    monkeypatch.setattr(web, "get", answering)
    ask = ListOf(target="kubernetes:t", resource=name, namespace="shop")
    assert one.collect(ask, RecordingLink(target)) == []
    assert [OTHERS.get(name, BINARY)] == asked
