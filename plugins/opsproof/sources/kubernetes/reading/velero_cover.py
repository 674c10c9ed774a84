"""What is in a backup of Velero, as its filters say it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from opsproof.sources.kubernetes.facts.selectors import LabelSelector
from opsproof.sources.kubernetes.facts.velero import BackupSpec

_SHOWN = 3


def covers(spec: BackupSpec, namespace: str) -> bool:
    """Whether the namespace is in it. What is excluded is so, whatever else includes it; no list includes all.

    `*`, `?` and `[abc]` fit names since Velero 1.18; to an older one they are letters, and its backup is hollow.
    """
    included = spec.included_namespaces or ("*",)
    return _fits(namespace, included) and not _fits(namespace, spec.excluded_namespaces or ())


def _fits(namespace: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(namespace, pattern) for pattern in patterns)


def narrowed(spec: BackupSpec) -> str:
    """Why not everything of a namespace is in it, in words; "" where all kinds are."""
    if any(not one.selects_all for one in _selectors(spec)):
        return "what a label selector takes"
    kinds = [*(spec.included_resources or ()), *(spec.included_namespace_scoped_resources or ())]
    if kinds and "*" not in kinds:
        return listed(kinds)
    if "*" in without(spec):
        return "nothing of a namespace"
    return ""


def _selectors(spec: BackupSpec) -> list[LabelSelector]:
    own = [spec.label_selector] if spec.label_selector is not None else []
    return [*own, *(spec.or_label_selectors or ())]


def without(spec: BackupSpec) -> tuple[str, ...]:
    """The kinds that are left out."""
    return (*(spec.excluded_resources or ()), *(spec.excluded_namespace_scoped_resources or ()))


def listed(names: Iterable[str]) -> str:
    """The first of them."""
    every = list(names)
    return ", ".join(every[:_SHOWN]) + (" ..." if len(every) > _SHOWN else "")
