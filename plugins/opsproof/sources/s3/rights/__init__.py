"""What lets opsproof see a bucket: a policy for its user, on this bucket alone, with no right to write."""

from __future__ import annotations

import json
from collections.abc import Sequence

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target
from opsproof.sources.s3.settings import OWNER

_OF_OBJECTS = frozenset({"s3:GetObject"})


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """A policy as IAM takes it: `aws iam put-user-policy --policy-document file://...`."""
    rights = {need.verb for need in needs} | ({"s3:GetBucketAcl"} if OWNER in target.identity else set())
    bucket = f"arn:aws:s3:::{target.settings.bucket}"
    statements = [
        _statement("OpsproofSeesTheBucket", sorted(rights - _OF_OBJECTS), bucket),
        _statement("OpsproofReadsBackups", sorted(rights & _OF_OBJECTS), f"{bucket}/*"),
    ]
    policy = {"Version": "2012-10-17", "Statement": [one for one in statements if one["Action"]]}
    return (RightsFile(f"{target.role}.json", json.dumps(policy, indent=2) + "\n", comment=""),)


def _statement(name: str, actions: list[str], resource: str) -> dict[str, object]:
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resource}


RIGHTS = Rights(files, (Need("s3:ListBucket"),))
