"""Errors of transport libraries as ours, with the question whose fault they are."""

from __future__ import annotations

import errno
import socket
import ssl

import requests
import urllib3

from opsproof.model.failure import BadAnswer, CollectionError, Failure, TimedOut, TlsFailed, Unreachable

_OWN = {
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.EADDRNOTAVAIL,
    errno.EMFILE,
    errno.ENFILE,
    errno.EACCES,
    errno.EPERM,
}


class OwnSide(Unreachable):
    """Nothing reached the server: no such name, no network here. It says nothing about the server."""

    def as_failure(self) -> Failure:
        return Failure("Unreachable", self.message, self.target, self.scope)


def translated(error: BaseException, target: str) -> CollectionError:
    """A transport library's error as ours. The text is ours too: theirs may repeat URLs with secrets."""
    chain = list(_chain(error))
    for kinds, failure, text in _FORMS:
        if any(isinstance(link, kinds) for link in chain):
            return failure(text or _tls_text(chain), target=target)
    if any(isinstance(link, OSError) and link.errno in _OWN for link in chain):
        return OwnSide("there is no network to it from here", target=target)
    return _untold(error, chain, target)


_FORMS: tuple[tuple[tuple[type[BaseException], ...], type[CollectionError], str], ...] = (
    ((ssl.SSLError,), TlsFailed, ""),
    ((urllib3.exceptions.NameResolutionError, socket.gaierror), OwnSide, "the host name is not known here"),
    ((ConnectionRefusedError,), Unreachable, "connection refused"),  # urllib3 calls this a timeout, too
    ((TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError), TimedOut, "no answer in time"),
    (
        (urllib3.exceptions.IncompleteRead, urllib3.exceptions.DecodeError),
        BadAnswer,
        "the answer is truncated or damaged",
    ),
)


def _untold(error: BaseException, chain: list[BaseException], target: str) -> CollectionError:
    closed = (ConnectionResetError, BrokenPipeError, EOFError, urllib3.exceptions.ProtocolError)
    if any(isinstance(link, closed) for link in chain):
        return Unreachable("the connection was closed without a complete answer", target=target)
    return Unreachable(f"no connection ({type(error).__name__})", target=target)


def _tls_text(chain: list[BaseException]) -> str:
    cause = next(link for link in chain if isinstance(link, ssl.SSLError))
    reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "handshake failed"
    return f"TLS: {reason}"


def _chain(error: object) -> list[BaseException]:
    """The error with all it wraps: causes, contexts, arguments, `reason`."""
    found: list[BaseException] = []
    todo = [error]
    while todo and len(found) < 30:
        one = todo.pop()
        if not isinstance(one, BaseException) or any(one is known for known in found):
            continue
        found.append(one)
        todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
