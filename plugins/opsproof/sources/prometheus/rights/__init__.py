"""The paths that are asked: what a proxy in front has to let through, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target

_HEAD = (
    "# What opsproof asks, with GET alone. The server itself knows no rights: let its proxy allow these\n"
    "# paths to opsproof's credentials, and refuse all others.\n"
)


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """One list of methods and paths."""
    allowed = [{"method": need.verb, "path": need.on} for need in sorted(set(needs))]
    policy = {"who": account.user or account.name, "allow": allowed}
    text = yaml.safe_dump(policy, sort_keys=False, width=110)
    return (RightsFile(f"{target.role}.paths.yaml", _HEAD + text),)


RIGHTS = Rights(files, (Need("GET", "/api/v1/status/buildinfo"), Need("GET", "/api/v1/status/config")))
