"""What is in a backup of Velero, as its filters say it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from opsproof.sources.kubernetes.facts.selectors import LabelSelector
from opsproof.sources.kubernetes.facts.velero import BackupSpec

_SHOWN = 3
# Without one of these a namespace does not come back, by the names that Velero takes for a kind. Secrets may be kept
# elsewhere, and what others make is made again.
_NEEDED = """
    deployments deployment deploy statefulsets statefulset sts daemonsets daemonset ds cronjobs cronjob cj
    services service svc ingresses ingress ing configmaps configmap cm
    persistentvolumeclaims persistentvolumeclaim pvc
"""
_GROUPS = frozenset({"", "apps", "batch", "extensions", "networking.k8s.io"})


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
        return "what a label selector takes alone"
    kinds = [*(spec.included_resources or ()), *(spec.included_namespace_scoped_resources or ())]
    if kinds and "*" not in kinds:
        return f"{listed(kinds)} alone"
    if "*" in without(spec):
        return "nothing of a namespace"
    left = [kind for kind in without(spec) if _is_needed(kind)]
    return f"all but {listed(left)}" if left else ""


def _is_needed(kind: str) -> bool:
    name, _, group = kind.lower().partition(".")
    return name in _NEEDED.split() and group in _GROUPS


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
