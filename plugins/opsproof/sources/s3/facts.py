"""What a bucket tells, and what checks annotate their arguments with. Nothing of what is stored but what it is called."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.rights import Need
from opsproof.model.stored import Content, Shelf
from opsproof.model.subject import Subject

MOST = 20_000  # objects that fit one pattern


class ObjectsOf(Ask, frozen=True, kw_only=True, tag="s3/objects"):
    """The objects of the target's bucket that fit a pattern of names (`opsproof.model.dated`)."""

    pattern: str
    answer: ClassVar[Any] = Shelf

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("s3:ListBucket"),)


class ContentOf(Ask, frozen=True, kw_only=True, tag="s3/content"):
    """One object, read to its end as it comes, and kept nowhere."""

    key: str
    answer: ClassVar[Any] = Content

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("s3:GetObject"),)


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is in force and takes objects away: `days` after they were stored, those below `prefix`.

    `filtered`: only some of them, by tags or size. None: not by their age.
    """

    name: str
    prefix: str = ""
    days: int | None = None
    filtered: bool = False

    @property
    def subject(self) -> Subject:
        return Subject("lifecycle rule", self.name)


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How a bucket is kept. None: the server does not know such a setting, or we may not see it.

    `versioning`: Enabled, Suspended or nothing. `encryption`: the algorithm by default, or nothing. `public`: its
    policy or its list of rights lets everybody in. `expiries`: none are an empty list. `unseen`: which are
    refused to us, and what is missing.
    """

    name: str
    versioning: str | None = None
    encryption: str | None = None
    locked: bool | None = None
    public: bool | None = None
    expiries: tuple[Expiry, ...] | None = None
    unseen: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("bucket", self.name)


SETTINGS = (
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketAcl",
    "s3:GetLifecycleConfiguration",
)


class BucketOf(Ask, frozen=True, kw_only=True, tag="s3/bucket"):
    """The settings of the target's bucket."""

    answer: ClassVar[Any] = Bucket
    needs: ClassVar[tuple[Need, ...]] = tuple(map(Need, SETTINGS))
