"""Plain facts of volumes, as kubelets and the cluster tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from opsproof.examine.volumes import Volumes
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import Known
from tests.checks.cluster import SHOP, ago, listing, meta
from tests.checks.measured import EMPTY, instant

Gi = 2.0**30
EVER = Known(selector="free", labels=("namespace",))
NEVER = Known(selector='free{a="b"}', hint="there is no metric free")
NO_CLUSTER = Failure("NotConfigured", "targets.kubernetes is not set")


def claim(
    name: str = "data", *, phase: str = "Bound", mode: str = "Filesystem", age: float = 90_000
) -> VolumeClaim:
    """`age` in minutes."""
    spec = {"volumeName": "pv-1", "volumeMode": mode}
    given = {"metadata": meta(name, age=age), "spec": spec, "status": {"phase": phase}}
    return msgspec.convert(given, VolumeClaim)


def user(of: str = "data", *, age: float = 600, phase: str = "Running") -> Pod:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": of}}]
    status = {"phase": phase, "startTime": ago(age)}
    return msgspec.convert({"metadata": meta("db-0"), "spec": {"volumes": volumes}, "status": status}, Pod)


def of_claims(values: Mapping[str, float | str]) -> Samples:
    """One number for each claim of the shop."""
    names = list(values)
    return (
        instant(*values.values(), namespace=[SHOP] * len(names), persistentvolumeclaim=names)
        if names
        else EMPTY
    )


def volumes(
    free: Mapping[str, float | str], *, whole: Mapping[str, float | str] | None = None, claims: Any = None,
    pods: Any = None, **more: Any,
) -> Volumes:  # fmt: skip
    """Gibibytes free, of ten each; every claim is bound and mounted."""
    listed = [claim(name) for name in free] if claims is None else claims
    users = [user(name) for name in free] if pods is None else pods
    given: dict[str, Any] = {
        "available": of_claims({name: float(one) * Gi for name, one in free.items()}),
        "capacity": of_claims(dict.fromkeys(free, 10 * Gi) if whole is None else whole),
        "inodes": of_claims(dict.fromkeys(free, 1000)),
        "inodes_used": of_claims(dict.fromkeys(free, 100)),
        "matched": EVER,
        "claims": listing(*listed) if isinstance(listed, list) else listed,
        "pods": listing(*users) if isinstance(users, list) else users,
    }
    return Volumes(**{**given, **more})
