"""Names that mean the same to every source: what they hold has to be what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsproof.environment.environment import Environment
from opsproof.environment.names import UnknownName
from opsproof.environment.problems import Problem, short
from opsproof.model.failure import NotConfigured

NAMESPACES = ("namespaces", "namespace")
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def is_namespace(text: object) -> bool:
    """A DNS label as of RFC 1123: what Kubernetes takes for a namespace's name."""
    return isinstance(text, str) and _LABEL.fullmatch(text) is not None


def misnamed(environment: Environment) -> Iterator[Problem]:
    """Namespaces that cannot be any, in an environment with a cluster."""
    if not any(target.kind == "kubernetes" for target in environment.targets.values()):
        return
    for name in NAMESPACES:
        for value in _values(environment, name):
            if not is_namespace(value):
                wrong = f"names.{name}: {short(value)} is no namespace"
                hint = "write up to 63 lower-case letters, digits and -, as in shop-jobs"
                yield Problem.at(environment.where("names", name), wrong, hint)


def _values(environment: Environment, name: str) -> list[object]:
    try:
        value = environment.names.value(name)
    except (NotConfigured, UnknownName):
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
