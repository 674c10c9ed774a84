"""Roles of exactly what is asked, for a ServiceAccount or a user: they may list and get, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target

_API = "rbac.authorization.k8s.io"
_HEAD = "What opsproof reads, and nothing else: no Secrets, no logs, no ConfigMaps but those named here.\n"
_READS = "What opsproof reads, and nothing else. Of what is marked SENSITIVE it reads names and ages alone.\n"
_CONTENTS = {
    "secrets": "RBAC gives names with contents alone: whoever has it can read these Secrets",
    "configmaps": "RBAC gives names with contents alone: whoever has it can read these ConfigMaps",
}


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """One manifest: a ServiceAccount, a role per namespace, and one for what lies outside of them."""
    head = _READS if any(map(sensitive, needs)) else _HEAD
    return (RightsFile(f"{target.role}.yaml", f"# {head}{manifest(needs, account)}"),)


def manifest(needs: Sequence[Need], account: Account) -> str:
    """What `kubectl apply` takes."""
    documents = [*_account(account), *_cluster(needs, account), *_namespaces(needs, account)]
    return yaml.safe_dump_all(documents, sort_keys=False, width=110)


def sensitive(need: Need) -> str:
    """What a list hands over besides names and ages, which are all that is asked for."""
    return _CONTENTS.get(need.on, "") if need.verb == "list" else ""


def _account(account: Account) -> Iterator[Mapping[str, Any]]:
    if not account.user:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": account.namespace}}
        metadata = {"name": account.name, "namespace": account.namespace}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _cluster(needs: Iterable[Need], account: Account) -> Iterator[Mapping[str, Any]]:
    found = [need for need in needs if not need.scope]
    if found:
        yield from _granted("ClusterRole", found, account, {"name": account.name})


def _namespaces(needs: Sequence[Need], account: Account) -> Iterator[Mapping[str, Any]]:
    for scope in sorted({need.scope for need in needs if need.scope}):
        found = [need for need in needs if need.scope == scope]
        yield from _granted("Role", found, account, {"name": account.name, "namespace": scope})


def _granted(
    kind: str, needs: Iterable[Need], account: Account, metadata: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """A role and its binding."""
    version = f"{_API}/v1"
    yield {"apiVersion": version, "kind": kind, "metadata": {**metadata}, "rules": _rules(needs)}
    yield {
        "apiVersion": version,
        "kind": f"{kind}Binding",
        "metadata": {**metadata},
        "roleRef": {"apiGroup": _API, "kind": kind, "name": account.name},
        "subjects": [_subject(account)],
    }


def _subject(account: Account) -> Mapping[str, str]:
    if account.user:
        return {"kind": "User", "apiGroup": _API, "name": account.user}
    return {"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}


def _rules(needs: Iterable[Need]) -> list[Mapping[str, Any]]:
    """Resources of one group that are asked alike share a rule."""
    urls: set[str] = set()
    grouped: dict[tuple[str, str], set[str]] = {}
    named: dict[tuple[str, str, str], set[str]] = {}
    for need in needs:
        plural, _, group = need.on.partition(".")
        if need.on.startswith("/"):
            urls.add(need.on)
        elif need.name:
            named.setdefault((group, plural, need.verb), set()).add(need.name)
        else:
            grouped.setdefault((group, need.verb), set()).add(plural)
    return [
        *(
            {"apiGroups": [group], "resources": sorted(plurals), "verbs": [verb]}
            for (group, verb), plurals in sorted(grouped.items())
        ),
        *(
            {"apiGroups": [group], "resources": [plural], "resourceNames": sorted(names), "verbs": [verb]}
            for (group, plural, verb), names in sorted(named.items())
        ),
        *([{"nonResourceURLs": sorted(urls), "verbs": ["get"]}] if urls else []),
    ]


RIGHTS = Rights(
    files,
    (Need("get", "/version"), Need("get", "namespaces", "kube-system", "kube-system")),
    sensitive,
)
