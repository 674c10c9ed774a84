"""As whom a drill writes into its scratch place; reading its records takes no rights."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target
from opsproof.sources.drill.settings import VeleroShape
from opsproof.sources.kubernetes.rights import manifest
from opsproof.sources.postgres.rights import quoted

_HEAD = "# What a drill does in the cluster that it restores into: it makes and deletes namespaces and Restores.\n"


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """SQL for the scratch server, or roles for the scratch cluster."""
    settings = target.settings
    if settings.velero is not None:
        text = _HEAD + manifest(velero_needs(settings.velero), account)
        return (RightsFile(f"{target.role}.yaml", text),)
    role = quoted(settings.into.user)
    values = {
        "role": role,
        "role_name": settings.into.user.replace("'", "''"),
        "owner": f"GRANT {quoted(settings.owner)} TO {role};" if settings.owner else "",
    }
    text = (resources(__name__) / "drill.sql").read_text("utf-8")
    return (RightsFile(f"{target.role}.sql", Template(text).substitute(values), comment="--"),)


def velero_needs(shape: VeleroShape) -> tuple[Need, ...]:
    """The requests of a drill of Velero's."""
    space = shape.velero_in
    return (
        *(Need(verb, "namespaces") for verb in ("get", "list", "create", "delete")),
        Need("get", "deployments.apps", space, "velero"),
        Need("list", "backups.velero.io", space),
        *(Need(verb, "restores.velero.io", space) for verb in ("get", "create", "delete")),
    )


RIGHTS = Rights(files)
