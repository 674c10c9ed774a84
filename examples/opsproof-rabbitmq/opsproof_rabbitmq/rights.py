"""What an administrator types to let opsproof in."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from opsproof.sdk import Account, Need, Rights, RightsFile, Target

_TEXT = """# The tag lets {user} read what the management API shows of the cluster.
rabbitmqctl add_user {user} REPLACE-WITH-THE-PASSWORD
rabbitmqctl set_user_tags {user} monitoring
"""
_VHOST = """# Sees the queues of this virtual host, and may configure, write and read nothing in it.
rabbitmqctl set_permissions -p {vhost} {user} '^$' '^$' '^$'
"""


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """Commands for a shell on the server."""
    user = shlex.quote(target.settings.username or account.user or account.name)
    vhosts = sorted({need.scope for need in needs if need.scope})
    parts = [_VHOST.format(user=user, vhost=shlex.quote(vhost)) for vhost in vhosts]
    return (RightsFile(f"{target.role}.sh", _TEXT.format(user=user) + "".join(parts)),)


RIGHTS = Rights(files, (Need("GET", "/api/overview"),))
