"""Requests to Amazon's APIs: botocore signs and reads them, and we send them, within the ask's budget.

Each attempt is a request of ours. Who asks too much is asked to wait, and waits until the ask's deadline.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from opsproof.model.failure import BadAnswer, TimedOut, TooBig
from opsproof.model.target import Target
from opsproof.model.text import cut
from opsproof.sources.aws.api import Operation
from opsproof.sources.aws.failure import ABSENT, BUSY, THROTTLED, code_in, failed
from opsproof.sources.s3.client import answer_of, headers_of, keys_of, made
from opsproof.transport import web
from opsproof.transport.link import Link
from opsproof.transport.pin import pins_of

MOST = 5_000  # things that one ask lists
_ATTEMPTS = 3
_SHORTEST_WAIT, _LONGEST_WAIT = 0.1, 10.0
_SHOWN = 200
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<([A-Za-z]+)[\s>/]")
# botocore reads any answer as it is described, and stumbles over whatever is not.
_UNREADABLE = (
    BotoCoreError, ResponseParserError, ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError,
    RecursionError,
)  # fmt: skip


@dataclass
class _Call:
    """The request that this thread makes, and what of its answer is known."""

    operation: Operation
    words: Mapping[str, Any]
    link: Link
    attempt: int
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """What people read of it; the signature is in the headers."""
        words = {name: cut(_plain(value), _SHOWN) for name, value in self.words.items()}
        return f"/{self.operation.service}/{self.operation.action}" + (
            f"?{urlencode(words)}" if words else ""
        )


_CALL: ContextVar[_Call | None] = ContextVar("aws call", default=None)


class Wire:
    """One region's requests."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._clients: dict[str, Any] = {}
        self._lock = Lock()

    @cached_property
    def _session(self) -> Any:
        settings = self.target.settings
        pins = pins_of(self.target, settings.endpoint) if settings.endpoint else None
        return web.session(ca=settings.ca, pins=pins)

    def listed(
        self, operation: Operation, link: Link, *, absent: bool = False, **words: Any
    ) -> Iterator[Any]:
        """What an operation tells, over all its pages; with `absent` nothing, where the API says that it is not there.

        Raises:
            CollectionError: as `call`; TooBig: there is more than facts hold.
        """
        tokens: set[str] = set()
        more: dict[str, Any] = {}
        count = 0
        while True:
            told = self.call(operation, link, absent=absent, **words, **more)
            found = told[operation.told]
            if not isinstance(found, list):
                raise self._no_answer(operation, "what it lists is no list")
            count += len(found)
            if count > MOST:
                raise TooBig(f"{operation.right} tells more than {MOST}", target=self.target.id, own=True)
            yield from found
            token = told.get(operation.more) if operation.more else None
            if not token:
                return
            if not isinstance(token, str) or token in tokens:
                raise self._no_answer(operation, "a page of it comes again")
            tokens.add(token)
            more = {operation.page: token}

    def call(self, operation: Operation, link: Link, *, absent: bool = False, **words: Any) -> dict[str, Any]:
        """One operation's answer; asked again where the API is busy or throttles us. `absent`: as for `listed`.

        Raises:
            CollectionError: it failed; where a right is missing, the message names it.
        """
        attempt, throttled = 1, False
        while True:
            call = _Call(operation, words, link, attempt)
            try:
                with self._during(call):
                    told = getattr(self._client(operation.service), operation.method)(**words)
                return self._checked(operation, told)
            except TimedOut as late:
                raise self._given_up(call) if throttled else late from None
            except (ClientError, *_UNREADABLE) as error:
                if absent and code_in(error, 0) in ABSENT:
                    return {operation.told: []}
                throttled = self._again(call, error)
            attempt += 1

    def close(self) -> None:
        if "_session" in self.__dict__:
            self._session.close()

    def _checked(self, operation: Operation, told: Any) -> dict[str, Any]:
        """An answer without the thing that was asked for is none: an empty list is there, too."""
        if not isinstance(told, dict) or operation.told not in told:
            raise self._no_answer(operation, f"it has no {operation.told}")
        return told

    def _no_answer(self, operation: Operation, why: str) -> BadAnswer:
        return BadAnswer(f"the answer to {operation.action} cannot be right: {why}", target=self.target.id)

    def _client(self, service: str) -> Any:
        """Raises NotConfigured for keys that are not there."""
        settings = self.target.settings
        with self._lock:
            if service not in self._clients:
                self._clients[service] = made(service, settings.url(service), settings, self._send)
            return self._clients[service]

    @contextmanager
    def _during(self, call: _Call) -> Iterator[None]:
        call.link.secret(*keys_of(self.target.settings))
        token = _CALL.set(call)
        try:
            yield
        finally:
            _CALL.reset(token)

    def _again(self, call: _Call, error: Exception) -> bool:
        """Wait, where it makes sense to ask again; whether we ask too much. Raises CollectionError: it makes none."""
        code = code_in(error, call.status)
        throttled = code in THROTTLED or call.status == 429
        busy = code in BUSY or call.status in {500, 502, 503, 504}
        if not throttled and (not busy or call.attempt >= _ATTEMPTS):
            settings = self.target.settings
            raise failed(error, call.status, call.operation.right, self.target.id, settings.region) from None
        seconds = _told(call.headers)
        if seconds is None:
            seconds = min(_LONGEST_WAIT, 0.5 * 2 ** min(call.attempt - 1, 8)) * random.uniform(0.5, 1)  # noqa: S311
        if seconds > call.link.left:
            late = TimedOut(
                f"{call.operation.right}: asked to retry past the deadline", target=self.target.id
            )
            raise self._given_up(call) if throttled else late
        call.link.pause(max(_SHORTEST_WAIT, seconds))
        return throttled

    def _given_up(self, call: _Call) -> TimedOut:
        return TimedOut(
            f"{call.operation.right} is throttled, {call.attempt} times until the deadline: lower the target's budget.rate",
            target=self.target.id,
        )

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        """What botocore would send, sent by us."""
        call = _CALL.get()
        assert call is not None
        body = request.body.encode() if isinstance(request.body, str) else request.body
        response = web.exchange(
            self._session, request.method, request.url, call.link,
            path=call.shown, headers=headers_of(request), attempt=call.attempt, content=body or None,
        )  # fmt: skip
        call.status, call.headers = response.status, response.headers
        if 300 <= response.status < 400:
            # The keys go to the declared servers alone.
            raise BadAnswer(f"HTTP {response.status}: it sends us elsewhere", target=self.target.id)
        root = call.operation.root
        if response.status < 300 and root and not _is(root, response.body):
            raise self._no_answer(call.operation, f"it is no {root}")
        return answer_of(request, response)


def _is(root: str, document: bytes) -> bool:
    found = _ROOT.match(document[:1000])
    return found is not None and found[1].decode() == root


def _told(headers: Mapping[str, str]) -> float | None:
    """How long we are asked to wait; None: nobody says."""
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
