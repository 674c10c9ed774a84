"""Asks a bucket: lists, reads settings, and streams what is to be proven whole. Writes nothing, keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.dated import Dated, dated
from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    IdentityMismatch,
    NotFound,
    TooBig,
)
from opsproof.model.rights import Need
from opsproof.model.stored import Content, Shelf, Stored
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.model.units import Bytes
from opsproof.sources.files.remote.reader import Reader
from opsproof.sources.s3.facts import MOST, Bucket, BucketOf, ContentOf, ObjectsOf
from opsproof.sources.s3.failure import UNSET, UNSUPPORTED
from opsproof.sources.s3.reading import settings as reading
from opsproof.sources.s3.settings import ACCOUNT, OWNER, REGION
from opsproof.sources.s3.wire import Wire
from opsproof.transport import certificate
from opsproof.transport.link import Link

_LONGEST = 1024  # bytes of a key
_SHOWN = 8
_NOBODY = "000000000000"
_UNKNOWN = object()
_SETTINGS: Mapping[str, Any] = {**dict.fromkeys(UNSET), **dict.fromkeys(UNSUPPORTED, _UNKNOWN)}


class S3Collector:
    """One bucket. Listings are read page by page, and a page that repeats itself ends them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.wire = Wire(target)

    def collect(self, ask: Ask, link: Link) -> Any:
        if isinstance(ask, ObjectsOf):
            return self._objects(dated(ask.pattern), link)
        if isinstance(ask, ContentOf):
            return self._content(ask.key, link)
        if isinstance(ask, BucketOf):
            return self._bucket(link)
        raise BadAnswer(f"a bucket cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        head = self._head(link)
        region = head.get("BucketRegion")
        identity = {REGION: cut(str(region), 64)} if region else {}
        identity |= self._account(link) | self._owner(link)
        identity |= certificate.declared(self.target.settings.server, link, ca=self.target.settings.ca)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=identity,
            declared=dict(self.target.identity),
            authenticated_as=f"access key ({self.target.settings.access_key})",
            version=cut(str(head["ResponseMetadata"]["HTTPHeaders"].get("server", "")), 64),
        )

    def _head(self, link: Link) -> dict[str, Any]:
        """A refusal of HEAD has no body that says why: a key that is wrong, or a right that is missing."""
        try:
            found: dict[str, Any] = self.wire.call("head_bucket", "s3:ListBucket", link)
        except Forbidden:
            self.wire.call("list_objects_v2", "s3:ListBucket", link, MaxKeys=1)
            raise
        return found

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What is refused, found by asking for it."""
        return [need for need in needs if not self._may(need.verb, link)]

    def close(self) -> None:
        self.wire.close()

    def call(self, operation: str, right: str, link: Link, **words: Any) -> Any:
        """Every request says whose bucket it has to be, where that is declared."""
        account = self.target.identity.get(ACCOUNT)
        if account is not None:
            words = {"ExpectedBucketOwner": account, **words}
        return self.wire.call(operation, right, link, **words)

    def _may(self, right: str, link: Link) -> bool:
        probes: Mapping[str, tuple[str, dict[str, Any]]] = {
            "s3:ListBucket": ("list_objects_v2", {"MaxKeys": 1}),
            "s3:GetObject": ("head_object", {"Key": "opsproof/is-not-there"}),
        }
        operation, words = probes.get(right) or (reading.OPERATIONS[right], {})
        try:
            self.call(operation, right, link, instead=_SETTINGS, **words)
        except Forbidden:
            return False
        except NotFound:
            if right != "s3:GetObject":
                raise  # not even the bucket is there
        return True

    # -- who it is -------------------------------------------------------------------------------------

    def _account(self, link: Link) -> dict[str, str]:
        """The declared account, from a server that refuses another one."""
        account = self.target.identity.get(ACCOUNT)
        if account is None:
            return {}
        if not self._is_of(account, link):
            raise IdentityMismatch(f"the bucket is not one of the account {account}", target=self.target.id)
        if self._is_of(_NOBODY, link):
            raise IdentityMismatch(
                f"the server does not look at whose the bucket is: identity {ACCOUNT} proves nothing there",
                target=self.target.id,
            )
        return {ACCOUNT: account}

    def _is_of(self, account: str, link: Link) -> bool:
        """Whether the server answers where the bucket has to be this account's; that we may ask it is known."""
        try:
            self.call("head_bucket", "s3:ListBucket", link, ExpectedBucketOwner=account)
        except Forbidden:
            return False
        return True

    def _owner(self, link: Link) -> dict[str, str]:
        """Its owner's id, where we may see it; who declares it needs the right."""
        try:
            told = self.call("get_bucket_acl", "s3:GetBucketAcl", link)
        except CollectionError:
            if OWNER in self.target.identity:
                raise
            return {}
        owner = told.get("Owner", {}).get("ID")
        return {OWNER: cut(str(owner), 128)} if owner else {}

    # -- what lies there -------------------------------------------------------------------------------

    def _objects(self, pattern: Dated, link: Link) -> Shelf:
        found = _Found(pattern, self.target.id)
        for one in self._pages(link, Prefix=pattern.prefix):
            found.add(one)
        if found.stored:
            return Shelf(stored=tuple(found.stored.values()), others=found.others, instead=found.instead)
        return Shelf(others=found.others, instead=found.instead or self._top(link))

    def _top(self, link: Link) -> tuple[str, ...]:
        """What the bucket has, where nothing begins as the pattern does."""
        told = self.call("list_objects_v2", "s3:ListBucket", link, Delimiter="/", MaxKeys=_SHOWN)
        folders = [one.get("Prefix", "") for one in told.get("CommonPrefixes", [])]
        return tuple(cut(name, 200) for name in [*folders, *_keys(told)][:_SHOWN])

    def _pages(self, link: Link, **words: Any) -> Iterator[dict[str, Any]]:
        """Every object, over all pages."""
        tokens: set[str] = set()
        more: dict[str, Any] = {}
        while True:
            told = self.call("list_objects_v2", "s3:ListBucket", link, **words, **more)
            if told.get("Name") != self.target.settings.bucket or "IsTruncated" not in told:
                raise self._no_listing("it is not of this bucket")
            for one in told.get("Contents", []):
                if not str(one.get("Key", "")).startswith(words["Prefix"]):
                    raise self._no_listing("it has others than were asked for")
                yield one
            token = told.get("NextContinuationToken")
            if not told["IsTruncated"]:
                return
            if not token or token in tokens:
                raise self._no_listing("it has more pages, and does not say which is the next")
            tokens.add(token)
            more = {"ContinuationToken": token}

    def _no_listing(self, why: str) -> BadAnswer:
        return BadAnswer(f"the listing cannot be right: {why}", target=self.target.id)

    # -- what is in it ---------------------------------------------------------------------------------

    def _content(self, key: str, link: Link) -> Content:
        head = self.call("head_object", "s3:GetObject", link, Key=key)
        size, modified = head.get("ContentLength"), _time(head, self.target.id)
        if not isinstance(size, int) or size < 0:
            raise BadAnswer(f"{key}: an object without a size", target=self.target.id)
        about = {"name": key, "stored": size, "modified": modified}
        if size > link.may_read:
            raise TooBig(
                f"{key}: {Bytes(size)} are to be read, and the target's budget.max_bytes is "
                f"{Bytes(link.budget.max_bytes)}: raise it, and budget.deadline with it",
                target=self.target.id, own=True,
            )  # fmt: skip
        same = {"IfMatch": head["ETag"]} if head.get("ETag") else {}
        with closing(Reader()) as reader:
            self.call("get_object", "s3:GetObject", link, Key=key, take=reader.feed, **same)
            told = reader.told()
        if told["size"] != size:
            raise BadAnswer(f"{key}: {told['size']} of its {size} bytes came", target=self.target.id)
        return msgspec.convert({**told, **about}, Content)

    def _bucket(self, link: Link) -> Bucket:
        """Each setting by itself: one that is refused, or that the server does not know, hides no other."""
        told: dict[str, Any] = {}
        unseen: dict[str, Forbidden] = {}
        for right, operation in reading.OPERATIONS.items():
            try:
                setting = self.call(operation, right, link, instead=_SETTINGS)
            except Forbidden as refused:
                unseen[right] = refused
                continue
            if setting is not _UNKNOWN:
                told |= reading.READ[right](setting)
        if len(unseen) == len(reading.OPERATIONS):
            raise next(iter(unseen.values()))
        if not told and not unseen:
            raise BadAnswer("the server tells none of a bucket's settings", target=self.target.id)
        missing = tuple(one.message for one in unseen.values())
        return Bucket(name=self.target.settings.bucket, unseen=missing, **reading.whole(told, unseen))


class _Found:
    """What was listed: each object, or each folder's objects together."""

    def __init__(self, pattern: Dated, target: str) -> None:
        self._pattern = pattern
        self._target = target
        self.stored: dict[str, Stored] = {}
        self.others = 0
        self._instead: dict[str, None] = {}

    @property
    def instead(self) -> tuple[str, ...]:
        return tuple(self._instead)

    def add(self, told: Mapping[str, Any]) -> None:
        key, size = told.get("Key"), told.get("Size")
        if not isinstance(key, str) or len(key.encode("utf-8", "surrogatepass")) > _LONGEST:
            raise BadAnswer("a key that is none", target=self._target)
        if not isinstance(size, int) or size < 0:
            raise BadAnswer("an object without a size", target=self._target)
        name = self._pattern.fitting(key)
        if not name:
            self._other(key)
        elif not (self._pattern.folder and key == name):  # a folder's own mark holds nothing
            self._put(Stored(
                name=name, size=size, modified=_time(told, self._target), empty=int(size == 0),
                archived=told.get("StorageClass") in {"GLACIER", "DEEP_ARCHIVE"},
            ))  # fmt: skip

    def _put(self, one: Stored) -> None:
        known = self.stored.get(one.name)
        if known is not None:
            one = Stored(
                name=one.name, size=known.size + one.size, count=known.count + 1,
                modified=max(known.modified, one.modified), empty=known.empty + one.empty,
                archived=known.archived or one.archived,
            )  # fmt: skip
        self.stored[one.name] = one
        if len(self.stored) > MOST:
            raise TooBig(
                f"more than {MOST} objects fit {self._pattern.pattern}", target=self._target, own=True
            )

    def _other(self, key: str) -> None:
        self.others += 1
        folder, slash, _ = key.rpartition("/")
        if len(self._instead) < _SHOWN:
            self._instead[cut(folder + slash if slash else key, 200)] = None


def _keys(told: Mapping[str, Any]) -> list[str]:
    return [str(one.get("Key", "")) for one in told.get("Contents", [])]


def _time(told: Mapping[str, Any], target: str) -> datetime:
    found = told.get("LastModified")
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise BadAnswer("an object without a time", target=target)
    return found.astimezone(timezone.utc)
