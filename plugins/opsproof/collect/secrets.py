"""Which texts must never be seen: the values behind every reference of the targets that are asked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from opsproof.environment.settings import secrets as references
from opsproof.model.failure import NotConfigured
from opsproof.model.target import Target

_KUBECONFIG_KEYS = {"token", "password", "client-key-data", "refresh-token", "id-token", "client-secret"}


def secrets_of(targets: Iterable[Target]) -> frozenset[str]:
    """The values of all secret references, and the secrets inside the kubeconfigs among them."""
    found: set[str] = set()
    for target in targets:
        for _, reference in references(target.settings):
            try:
                texts = reference.texts()
            except NotConfigured:
                continue
            for text in texts:
                found |= set(_within(text))
    return frozenset(found)


def _within(text: str) -> Iterator[str]:
    """The secrets of a kubeconfig (also one of a single line); else the whole text."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        document = None
    if isinstance(document, dict) and "users" in document:
        yield from _named(document)
    else:
        yield text


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name in _KUBECONFIG_KEYS and isinstance(part, str):
                yield part
                yield from _decoded(part)
            else:
                yield from _named(part)
    elif isinstance(value, list):
        for part in value:
            yield from _named(part)


def _decoded(text: str) -> Iterator[str]:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return
    yield from (line for line in decoded.splitlines() if len(line) > 15 and not line.startswith("-----"))
