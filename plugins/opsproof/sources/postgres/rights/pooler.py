"""The login as which opsproof comes to a pgbouncer's console: one that may only look."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """What to add to pgbouncer.ini and to the file of its users; the password takes the place of the capitals."""
    user = target.settings.user
    values = {"user": user, "quoted": user.replace('"', '""')}
    text = (resources("opsproof.sources.postgres.rights") / "opsproof.ini").read_text("utf-8")
    return (RightsFile(f"{target.role}.ini", Template(text).substitute(values), comment=";"),)


RIGHTS = Rights(files, (Need("SHOW", "DATABASES"),))
