"""What lets opsproof see an account: a policy for its user, with no right to write."""

from __future__ import annotations

import json
from collections.abc import Sequence

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """A policy as IAM takes it: `aws iam put-user-policy --policy-document file://...`.

    Most of these actions can be given for all resources alone: the region is what bounds them.
    """
    statement = {
        "Sid": "OpsproofReads",
        "Effect": "Allow",
        "Action": sorted({need.verb for need in needs}),
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": target.settings.region}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return (RightsFile(f"{target.role}.json", json.dumps(policy, indent=2) + "\n", comment=""),)


RIGHTS = Rights(files, (Need("sts:GetCallerIdentity"),))
