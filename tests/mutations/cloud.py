"""Mistakes by which what a cloud runs looks well that is not."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

CLOUD = (
    Slip(
        "failover that is enabled needs no replica",
        "checks/cache/check_reachable.py",
        "        assert count > 1, ",
        "        assert count >= 0, ",
        "checks/cache",
    ),
    Slip(
        "PING proves that a cache fails over",
        "checks/cache/check_reachable.py",
        "    if groups is None and limits.replication_groups:\n",
        "    if False:\n",
        "checks/cache",
    ),
    Slip(
        "a policy is as good as its newest version of TLS",
        "checks/certificates/check_load_balancer.py",
        "min(allowed, key=_age_of)",
        "max(allowed, key=_age_of)",
        "checks/certificates",
    ),
    Slip(
        "a snapshot by hand is one of the schedule",
        f"{_P}/sources/aws/facts/databases.py",
        '{"automated", "awsbackup"}',
        '{"automated", "awsbackup", "manual"}',
        "sources/aws checks/backup",
    ),
    Slip(
        "a recent event excuses whatever is the matter",
        "checks/database/check_high_availability.py",
        "since = _since(database) if one.status in UNDER_WAY else None",
        "since = _since(database)",
        "checks/database/test_high_availability.py",
    ),
    Slip(
        "a proxy's 404 says that a database is not there",
        f"{_P}/sources/aws/wire.py",
        "if absent and code_in(error, 0) in ABSENT:",
        "if absent and (code_in(error, 0) in ABSENT or call.status == 404):",
        "sources/aws/test_answers.py",
    ),
    Slip(
        "an answer without the list is an empty list",
        f"{_P}/sources/aws/wire.py",
        "if not isinstance(told, dict) or operation.told not in told:\n            raise self",
        "if not isinstance(told, dict) or operation.told not in told:\n            return {operation.told: []}\n"
        "            raise self",
        "sources/aws/test_answers.py",
    ),
)
