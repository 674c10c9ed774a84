"""Foreign exceptions become ours by one table; a class that a library grows has to be looked at."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest
import requests.exceptions
import urllib3.exceptions
from urllib3.connection import HTTPConnection

from opsproof.model.failure import BadAnswer, CollectionError, Failure, TimedOut, Unreachable, raised_from
from opsproof.transport.failures import Row, Table
from opsproof.transport.web_failure import TABLE, translated


@pytest.mark.parametrize("module", [requests.exceptions, urllib3.exceptions, ssl])
def test_every_exception_of_the_libraries_is_in_the_table(module: object) -> None:
    assert [] == TABLE.missing(module)  # type: ignore[arg-type]


def test_a_class_that_the_table_does_not_name_is_told() -> None:
    assert Table(Row(ssl.SSLError, failure=Unreachable, message="x")).missing(ssl)[:1] == [
        "ssl.SSLCertVerificationError"
    ]


def refused() -> Exception:
    inner = urllib3.exceptions.NewConnectionError(HTTPConnection("x"), "said")
    inner.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/?token=x", inner))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused(), ("Unreachable", "connection refused", False)),
        (socket.gaierror(-2, "Name or service"), ("Unreachable", "the host name is not known here", True)),
        (
            OSError(errno.ENETUNREACH, "x"),
            ("Unreachable", "there is no network to it from here", True),
        ),
        (OSError(errno.EHOSTUNREACH, "x"), ("Unreachable", "no route to the host", False)),
        (requests.exceptions.ReadTimeout(), ("TimedOut", "no answer in time", False)),
        (ssl.SSLError(1, "x"), ("TlsFailed", "TLS: handshake failed", False)),
        (urllib3.exceptions.IncompleteRead(1, 2), ("BadAnswer", "the answer is truncated or damaged", False)),
        (
            ConnectionResetError(),
            ("Unreachable", "the connection was closed without a complete answer", False),
        ),
        (LookupError("token=x"), ("Unreachable", "no connection (LookupError)", False)),
    ],
)
def test_the_most_specific_row_decides(error: Exception, expected: tuple[str, str, bool]) -> None:
    """Also for what an error wraps; the text is ours, and own side is a field."""
    found = translated(error, "t").as_failure()
    assert (found.kind, found.message, found.own) == expected


def test_a_table_takes_the_first_row_that_fits() -> None:
    table = Table(
        Row(KeyError, failure=BadAnswer, message=lambda error: f"no {error.args[0]}"),
        Row(LookupError, failure=TimedOut, message="late"),
    )
    assert [table.failure(error, target="t").message for error in (KeyError("a"), IndexError())] == [
        "no a",
        "late",
    ]


def test_own_side_outlives_a_recording() -> None:
    failure = CollectionError("x", target="t", own=True).as_failure()
    assert raised_from(Failure("TimedOut", "x", own=True)).own
    assert (failure.own, raised_from(Failure("TimedOut", "x")).own) == (True, False)
