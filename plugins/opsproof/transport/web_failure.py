"""Errors of requests, urllib3, ssl and sockets as ours."""

from __future__ import annotations

import errno
import socket
import ssl

import requests.exceptions as web
from urllib3 import exceptions as pool

from opsproof.model.failure import BadAnswer, CollectionError, NotConfigured, TimedOut, TlsFailed, Unreachable
from opsproof.transport.failures import Row, Table

_OWN = frozenset(
    {
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EMFILE,
        errno.ENFILE,
        errno.EACCES,
        errno.EPERM,
    }
)


def _tls_text(error: ssl.SSLError) -> str:
    reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "handshake failed"
    return f"TLS: {reason}"


def _untold(error: BaseException) -> str:
    return f"no connection ({type(error).__name__})"


TABLE = Table(
    Row(
        ssl.SSLCertVerificationError, ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLWantReadError,
        ssl.SSLWantWriteError, ssl.SSLZeroReturnError, ssl.SSLError,
        failure=TlsFailed, message=_tls_text,
    ),
    Row(web.SSLError, pool.SSLError, failure=TlsFailed, message="TLS: handshake failed"),
    Row(
        pool.NameResolutionError, socket.gaierror, socket.herror,
        failure=Unreachable, message="the host name is not known here", own=True,
    ),
    Row(ConnectionRefusedError, failure=Unreachable, message="connection refused"),
    Row(
        OSError,
        failure=Unreachable, message="there is no network to it from here", own=True, codes=_OWN,
    ),
    Row(
        OSError,
        failure=Unreachable, message="no route to the host", codes=frozenset({errno.EHOSTUNREACH}),
    ),
    # urllib3 calls this a timeout, too.
    Row(pool.NewConnectionError, failure=Unreachable, message="no connection could be made"),
    Row(
        web.ReadTimeout, web.ConnectTimeout, web.Timeout, pool.ReadTimeoutError, pool.ConnectTimeoutError,
        pool.TimeoutError, TimeoutError,
        failure=TimedOut, message="no answer in time",
    ),
    Row(
        pool.InvalidChunkLength, pool.IncompleteRead, pool.DecodeError, pool.HeaderParsingError,
        pool.ResponseNotChunked, pool.BodyNotHttplibCompatible, web.ChunkedEncodingError,
        web.ContentDecodingError, web.JSONDecodeError, web.InvalidJSONError,
        failure=BadAnswer, message="the answer is truncated or damaged",
    ),
    Row(
        web.InvalidProxyURL, web.InvalidSchema, web.MissingSchema, web.URLRequired, web.InvalidURL,
        web.InvalidHeader, pool.InvalidHeader, pool.LocationParseError, pool.LocationValueError,
        pool.URLSchemeUnknown, pool.ProxySchemeUnknown, pool.ProxySchemeUnsupported, pool.TimeoutStateError,
        failure=NotConfigured, message="its URL, proxy or headers cannot be used", own=True,
    ),
    Row(
        pool.ClosedPoolError, pool.EmptyPoolError, pool.FullPoolError, pool.HostChangedError,
        failure=Unreachable, message="no connection is free on our side", own=True,
    ),
    Row(
        ConnectionResetError, BrokenPipeError, EOFError, pool.ProtocolError,
        failure=Unreachable, message="the connection was closed without a complete answer",
    ),
    Row(web.ProxyError, pool.ProxyError, failure=Unreachable, message="the proxy does not let us through"),
    Row(
        web.RetryError, web.TooManyRedirects, web.StreamConsumedError, web.UnrewindableBodyError, web.HTTPError,
        web.ConnectionError, web.RequestException, pool.MaxRetryError,
        pool.ResponseError, pool.UnrewindableBodyError, pool.RequestError, pool.PoolError, pool.HTTPError,
        failure=Unreachable, message=_untold,
    ),
)  # fmt: skip


def translated(error: BaseException, target: str) -> CollectionError:
    """A transport library's error as ours."""
    return TABLE.failure(error, target=target)
