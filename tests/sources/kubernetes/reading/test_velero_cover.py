"""What is in a backup of Velero, by its filters."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from opsproof.sources.kubernetes.facts.velero import BackupSpec
from opsproof.sources.kubernetes.reading.velero_cover import covers, listed, narrowed


def spec(**given: Any) -> BackupSpec:
    return msgspec.convert(given, BackupSpec)


@pytest.mark.parametrize(
    ("included", "excluded", "found"),
    [
        (None, None, True),
        ([], [], True),
        (["*"], [], True),
        (["shop"], [], True),
        (["shop-eu", "shop"], [], True),
        (["sh*"], [], True),
        (["sho?"], [], True),
        (["sh[ao]p"], [], True),
        (["Shop"], [], False),
        (["shop-*"], [], False),
        (["hop"], [], False),
        (["*"], ["shop"], False),
        (["shop"], ["sh*"], False),
        ([], ["shop-*"], True),
        ([], ["*"], False),
    ],
)
def test_namespaces_are_held_by_name_and_pattern(included: Any, excluded: Any, found: bool) -> None:
    """What is excluded is so, whatever includes it."""
    assert found == covers(spec(includedNamespaces=included, excludedNamespaces=excluded), "shop")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ""),
        ({"includedResources": ["*"]}, ""),
        ({"includedResources": ["secrets", "*"]}, ""),
        ({"includedResources": ["secrets", "pods"]}, "secrets, pods alone"),
        ({"includedNamespaceScopedResources": ["pods"]}, "pods alone"),
        ({"excludedResources": ["events", "replicasets.apps", "secrets", "services.serving.knative.dev"]}, ""),
        ({"excludedResources": ["events", "Deployments.apps"]}, "all but Deployments.apps"),
        ({"excludedNamespaceScopedResources": ["pvc"]}, "all but pvc"),
        ({"excludedNamespaceScopedResources": ["*"]}, "nothing of a namespace"),
        ({"labelSelector": {}}, ""),
        ({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}, "what a label selector takes alone"),
        ({"orLabelSelectors": [{}, {"matchLabels": {"a": "b"}}]}, "what a label selector takes alone"),
    ],
)  # fmt: skip
def test_what_narrows_a_backup_is_told(given: dict[str, Any], words: str) -> None:
    assert words == narrowed(spec(**given))


def test_many_names_are_cut() -> None:
    assert ("a, b, c", "a, b, c ...") == (listed("abc"), listed("abcd"))
