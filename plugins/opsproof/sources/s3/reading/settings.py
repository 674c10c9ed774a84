"""The settings of a bucket, from S3's answers; an answer of None is a setting that is not made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from opsproof.model.text import cut
from opsproof.sources.s3.facts import Expiry

_EVERYBODY = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
OPERATIONS: Mapping[str, str] = {
    "s3:GetBucketVersioning": "get_bucket_versioning",
    "s3:GetEncryptionConfiguration": "get_bucket_encryption",
    "s3:GetBucketObjectLockConfiguration": "get_object_lock_configuration",
    "s3:GetBucketPolicyStatus": "get_bucket_policy_status",
    "s3:GetBucketAcl": "get_bucket_acl",
    "s3:GetLifecycleConfiguration": "get_bucket_lifecycle_configuration",
}


def _versioning(told: Any) -> dict[str, Any]:
    status = (told or {}).get("Status", "")
    return {"versioning": status if status in {"Enabled", "Suspended"} else ""}


def _encryption(told: Any) -> dict[str, Any]:
    rules = (told or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    found = [one.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for one in rules]
    return {"encryption": cut(next(filter(None, found), ""), 32)}


def _lock(told: Any) -> dict[str, Any]:
    state = (told or {}).get("ObjectLockConfiguration", {}).get("ObjectLockEnabled")
    return {"locked": state == "Enabled"}


def _policy(told: Any) -> dict[str, Any]:
    """Without a policy it lets nobody in; an answer that does not say is none."""
    return {"policy": False if told is None else told.get("PolicyStatus", {}).get("IsPublic")}


def _acl(told: Any) -> dict[str, Any]:
    grants = (told or {}).get("Grants")
    if grants is None:
        return {"acl": None}
    uris = [str((one.get("Grantee") or {}).get("URI", "")) for one in grants]
    return {"acl": any(uri.endswith(_EVERYBODY) for uri in uris)}


def _lifecycle(told: Any) -> dict[str, Any]:
    rules = (told or {}).get("Rules", [])
    return {"expiries": tuple(_expiries(rules))}


def _expiries(rules: list[Any]) -> Iterator[Expiry]:
    for number, one in enumerate(rules, 1):
        days = (one.get("Expiration") or {}).get("Days")
        if one.get("Status") != "Enabled" or not one.get("Expiration"):
            continue
        chosen = one.get("Filter") or {}
        both = chosen.get("And") or {}
        prefix = one.get("Prefix") or chosen.get("Prefix") or both.get("Prefix") or ""
        wide = {"Prefix"} >= chosen.keys() or both.keys() == {"Prefix"}
        name = cut(str(one.get("ID") or number), 128)
        yield Expiry(name=name, prefix=cut(prefix, 256), days=days, filtered=not wide)


READ: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "s3:GetBucketVersioning": _versioning,
    "s3:GetEncryptionConfiguration": _encryption,
    "s3:GetBucketObjectLockConfiguration": _lock,
    "s3:GetBucketPolicyStatus": _policy,
    "s3:GetBucketAcl": _acl,
    "s3:GetLifecycleConfiguration": _lifecycle,
}


_DOORS = {"s3:GetBucketPolicyStatus": "policy", "s3:GetBucketAcl": "acl"}


def whole(told: dict[str, Any], refused: Collection[str]) -> dict[str, Any]:
    """All settings together: everybody may come in by the policy, or by the list of rights.

    `refused`: rights of those that may not be seen. Nothing is closed that has another door.
    """
    doors = [told.pop(name) for name in _DOORS.values() if name in told]
    closed = bool(doors) and None not in doors and not _DOORS.keys() & set(refused)
    return {**told, "public": True if any(doors) else False if closed else None}
