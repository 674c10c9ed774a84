"""A system of the benchmark's own: the Kubernetes checks of the catalogue, on one big namespace."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.benchmarks.world import namespace_of

ROOT = Path(__file__).parents[2]
NAME = "bench"
_ALL = "-o json"


@dataclass(frozen=True)
class Row:
    """A daily requirement, and the kubectl commands with which a runbook has it looked at.

    Where kubectl's table does not show what the requirement is about, the command asks for JSON.
    """

    says: str
    check: str
    commands: tuple[str, ...]
    when_empty: str = "fail"
    scope: str = ""


ROWS = {
    "BE-001": Row("All nodes are ready", "health/nodes-ready", ("get nodes",)),
    "BE-002": Row(
        "The control plane answers",
        "health/cluster-reachable",
        ("get --raw /readyz?verbose", "version", "get deployment coredns -n kube-system"),
        scope="{apiservices: [], dns: kube-system/coredns}",
    ),
    "BE-003": Row("All pods are ready", "health/pods-ready", ("get pods",)),
    "BE-004": Row(
        "All workloads are available", "health/workloads-available", ("get deployments,statefulsets",)
    ),
    "BE-005": Row(
        "All Services have endpoints", "health/services-have-endpoints", ("get services,endpointslices",)
    ),
    "BE-006": Row("All Ingresses have an address", "health/ingress-has-address", ("get ingress",)),
    "BE-007": Row("All claims are bound", "health/volumes-bound", ("get pvc",), when_empty="not_applicable"),
    "BE-008": Row("All containers have probes", "health/probes-configured", ("get deployments -o json",)),
    "BE-009": Row(
        "All containers have requests and limits", "capacity/requests-and-limits", ("get pods -o json",)
    ),
    "BE-010": Row(
        "All workloads have a disruption budget", "scaling/pdb", ("get pdb", "get deployments -o json")
    ),
    "BE-011": Row("All autoscalers work", "scaling/hpa-healthy", ("get hpa",), when_empty="not_applicable"),
    "BE-012": Row(
        "All pods are isolated",
        "security/network-policies",
        ("get networkpolicies -o json", "get pods -o json"),
    ),
    "BE-013": Row("All images are pinned", "security/image-pinned", ("get pods -o json",)),
}


def write(folder: Path, pods: int, kubeconfig: Path, rows: Mapping[str, Row] = ROWS) -> None:
    """A copy of `checks/` with this one system of these rows, and what pytest needs beside it."""
    copied(folder)
    written(
        folder,
        names={"namespaces": [namespace_of(pods)]},
        rows={name: _requirement(row) for name, row in rows.items()},
        environments={"big": {"kubernetes": {"kubeconfig": str(kubeconfig)}}},
    )


def copied(folder: Path) -> None:
    """This repository's checks and plugin, without its systems."""
    shutil.copytree(
        ROOT / "checks", folder / "checks", ignore=shutil.ignore_patterns("__pycache__", "systems")
    )
    for name in ("plugins", "tests"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)


def written(
    folder: Path,
    *,
    name: str = NAME,
    names: Mapping[str, object],
    rows: Mapping[str, object],
    environments: Mapping[str, Mapping[str, object]],
) -> None:
    """One system with its environments; each is the targets that it has."""
    system = folder / "checks" / "systems" / name
    (system / "environments").mkdir(parents=True)
    _dump(
        system / "system.yaml",
        {
            "system": name,
            "title": "The benchmark",
            "severities": [{"label": "P2", "level": "high", "respond_within": "1 h"}],
            "names": dict(names),
        },
    )
    _dump(system / "runbook.yaml", {"requirements": dict(rows)})
    for each, targets in environments.items():
        content = {"environment": each, "targets": dict(targets)}
        _dump(system / "environments" / f"{each}.yaml", content)


def kubernetes_rows(prefix: str) -> dict[str, object]:
    """The rows of ROWS under ids of their own."""
    return {f"{prefix}{name[2:]}": _requirement(row) for name, row in ROWS.items()}


def kubectl_script(program: Path, kubeconfig: Path, pods: int) -> str:
    """The commands of all rows, one after another, their output thrown away."""
    base = f"{program} --kubeconfig {kubeconfig} -n {namespace_of(pods)}"
    commands = [f"{base} {words} >/dev/null" for row in ROWS.values() for words in row.commands]
    return "\n".join(["set -e", *commands])


def _requirement(row: Row) -> object:
    scope = {"scope": yaml.safe_load(row.scope)} if row.scope else {}
    return {
        "says": row.says,
        "checks": [row.check],
        "cadence": ["daily"],
        "level": "high",
        "when_empty": row.when_empty,
        **scope,
    }


def _dump(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=1000))
