"""A bucket's requests: botocore signs and reads them, and we send them, within the ask's budget."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from opsproof.model.failure import BadAnswer, CollectionError, NotConfigured, TimedOut
from opsproof.model.target import Target
from opsproof.sources.s3.client import answer_of, headers_of, keys_of, made
from opsproof.sources.s3.failure import BUSY, code_of, failed, status_of
from opsproof.transport import web
from opsproof.transport.link import Link
from opsproof.transport.pin import pins_of

_ATTEMPTS = 3
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
# botocore reads any document, and finds nothing in one of something else: what each has to be.
_ROOTS = {
    "list_objects_v2": ("ListBucketResult",),
    "get_bucket_versioning": (
        "VersioningConfiguration",
        "GetBucketVersioningResponse",
    ),  # the second is moto's
    "get_bucket_encryption": ("ServerSideEncryptionConfiguration",),
    "get_object_lock_configuration": ("ObjectLockConfiguration",),
    "get_bucket_policy_status": ("PolicyStatus",),
    "get_bucket_acl": ("AccessControlPolicy",),
    "get_bucket_lifecycle_configuration": ("LifecycleConfiguration",),
}
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<([A-Za-z]+)[\s>/]")
Take = Callable[[bytes], None]
NOTHING: Mapping[str, Any] = {}


@dataclass
class _Call:
    """The request that this thread makes."""

    link: Link
    take: Take | None
    attempt: int
    headers: Mapping[str, str]
    roots: tuple[str, ...]


_CALL: ContextVar[_Call | None] = ContextVar("call", default=None)


class Wire:
    """One bucket's requests, each of which is one attempt of ours."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._lock = Lock()

    @cached_property
    def _session(self) -> Any:
        settings = self.target.settings
        return web.session(ca=settings.ca, pins=pins_of(self.target, settings.server))

    @cached_property
    def _client(self) -> Any:
        """Raises NotConfigured for keys that are not there."""
        settings = self.target.settings
        style = {"addressing_style": "path" if settings.by_path else "virtual"}
        return made("s3", settings.url, settings, self._send, signature_version="s3v4", s3=style)

    def secrets(self) -> tuple[str, ...]:
        return keys_of(self.target.settings)

    def call(
        self, operation: str, right: str, link: Link, *, take: Take | None = None,
        instead: Mapping[str, Any] = NOTHING, **words: Any,
    ) -> Any:  # fmt: skip
        """One of the API's operations on the bucket; asked again where the server is busy.

        `instead` has what some of S3's codes mean to the caller, in place of an error.

        Raises:
            CollectionError: it failed; where `right` is missing, the message names it.
        """
        attempt = 1
        while True:
            call = _Call(link, take, attempt, {}, _ROOTS.get(operation, ()))
            try:
                with self._during(call, link):
                    return getattr(self._client, operation)(Bucket=self.target.settings.bucket, **words)
            except ClientError as error:
                if code_of(error) in instead:
                    return instead[code_of(error)]
                busy = code_of(error) in BUSY or status_of(error) in {429, 500, 502, 503}
                if not busy or attempt >= _ATTEMPTS:
                    raise failed(error, right, self.target.id) from None
            except (BotoCoreError, ResponseParserError, ValueError, KeyError, RecursionError) as error:
                raise failed(error, right, self.target.id) from None
            self._wait(call, link, attempt)
            attempt += 1

    @contextmanager
    def _during(self, call: _Call, link: Link) -> Iterator[None]:
        link.secret(*self.secrets())
        with self._lock:
            _ = self._client  # two threads would make two
        token = _CALL.set(call)
        try:
            yield
        finally:
            _CALL.reset(token)

    def _wait(self, call: _Call, link: Link, attempt: int) -> None:
        try:
            told = float(call.headers.get("retry-after", ""))
        except ValueError:
            told = 0.5 * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311
        if told > link.remaining():
            raise TimedOut(f"asked to retry after {told:g} s, past the deadline", target=self.target.id)
        link.pause(max(0.0, told))

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        """What botocore would send, sent by us."""
        call = _CALL.get()
        assert call is not None
        response = web.exchange(
            self._session, request.method, request.url, call.link,
            path=_shown(request.url), headers=headers_of(request), take=call.take, attempt=call.attempt,
        )  # fmt: skip
        call.headers = response.headers
        if response.status in _ELSEWHERE:
            raise self._elsewhere(response)
        if response.status < 300 and call.roots and not _is(call.roots, response.body):
            raise BadAnswer(f"the answer is no {call.roots[0]}", target=self.target.id)
        return answer_of(request, response)

    def _elsewhere(self, response: web.Response) -> CollectionError:
        """A redirect is told, and not followed: the keys go to the declared server alone."""
        region, declared = response.headers.get("x-amz-bucket-region", ""), self.target.settings.region
        if not (region.isascii() and region.replace("-", "").isalnum()) or region == declared:
            return BadAnswer(f"HTTP {response.status}: it sends us elsewhere", target=self.target.id)
        return NotConfigured(
            f"the bucket is in region {region[:40]}, not in {declared}: set region", target=self.target.id
        )

    def close(self) -> None:
        if "_session" in self.__dict__:
            self._session.close()


def _is(roots: tuple[str, ...], document: bytes) -> bool:
    found = _ROOT.match(document[:1000])
    return found is not None and found[1].decode() in roots


def _shown(url: str) -> str:
    """What people read of it: nothing of the signature, which is in the headers."""
    parts = urlsplit(url)
    return unquote(parts.path) + (f"?{unquote(parts.query)}" if parts.query else "")
