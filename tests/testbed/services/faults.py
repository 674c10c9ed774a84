"""What a fault proxy does to what passes it: plain data, written to the proxy's file by a test."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

Mode = Literal["pass", "reset", "hang", "answer", "truncate", "drip", "delay", "rewrite", "blank"]
HOSTILE = (
    "<script>alert(1)</script>\"'`${7*7}{{7*7}}\x1b[31mred\x1b[0m\r\nSet-Cookie: a=b\t"
    "../../../../etc/passwd\u202egnp.exe\u0000 ]]> ; DROP TABLE pods; -- %s%n \U0001f4a5"
)


@dataclass(frozen=True)
class Fault:
    """One way to answer. `path` (a regular expression) and `times` limit it; what it does not meet passes.

    answer: `status`, `headers`, `body` padded by `size` bytes. truncate: the real answer ends after `count`
    bytes. drip: at `pace` bytes a second. delay: after `seconds`. rewrite: string values under `keys` of the
    JSON answer become `body`. blank (TCP): the sections of Redis' INFO are empty.
    """

    mode: Mode = "pass"
    path: str = ""
    times: int | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    size: int = 0
    count: int = 0
    pace: int = 0
    seconds: float = 0.0
    keys: tuple[str, ...] = ()


def dump(faults: tuple[Fault, ...]) -> str:
    return json.dumps([asdict(fault) for fault in faults])


def load(text: str) -> tuple[Fault, ...]:
    return tuple(Fault(**{**one, "keys": tuple(one["keys"])}) for one in json.loads(text))


def _json(status: int, document: object, path: str = "", times: int | None = None, **headers: str) -> Fault:
    named = {
        "Content-Type": "application/json",
        **{key.replace("_", "-"): value for key, value in headers.items()},
    }
    return Fault("answer", path, times, status=status, headers=named, body=json.dumps(document))


def _status(code: int, reason: str, message: str) -> dict[str, object]:
    kind = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**kind, "message": message, "reason": reason, "code": code}


def reset(path: str = "") -> Fault:
    """The connection is torn down (RST) instead of an answer."""
    return Fault("reset", path)


def hang(path: str = "") -> Fault:
    """No answer ever comes."""
    return Fault("hang", path)


def slow(seconds: float, path: str = "") -> Fault:
    return Fault("delay", path, seconds=seconds)


def drip(pace: int, path: str = "") -> Fault:
    """Bytes keep coming, so that no read times out, but the whole takes for ever."""
    return Fault("drip", path, pace=pace)


def truncated(count: int, path: str = "") -> Fault:
    return Fault("truncate", path, count=count)


def html(path: str = "", text: str = "<!doctype html><title>Sign in</title>Please sign in") -> Fault:
    """A captive portal: HTML with status 200."""
    return Fault("answer", path, headers={"Content-Type": "text/html"}, body=text)


def wrong_type(path: str = "", document: object = "a string") -> Fault:
    """Valid JSON of another shape."""
    return _json(200, document, path)


def garbage(path: str = "") -> Fault:
    return Fault(
        "answer", path, headers={"Content-Type": "application/json"}, body='{"status": "succ\x00\ufffd'
    )


def huge(size: int = 100_000_000, path: str = "") -> Fault:
    """A JSON list padded with blanks to that many bytes."""
    return Fault("answer", path, headers={"Content-Type": "application/json"}, body="[", size=size)


def status(code: int, path: str = "", *, times: int | None = None, body: str = "") -> Fault:
    return Fault("answer", path, times, status=code, headers={"Content-Type": "text/plain"}, body=body)


def too_many(times: int = 2, *, retry_after: int = 1, path: str = "") -> Fault:
    """429 with Retry-After, then everything passes."""
    document = _status(429, "TooManyRequests", "too many requests, please try again later")
    return _json(429, document, path, times, Retry_After=str(retry_after))


def gone(times: int = 1) -> Fault:
    """410 to a continued list, as when the continue token has expired."""
    document = _status(410, "Expired", "The provided continue parameter is too old")
    return _json(410, document, r"[?&]continue=", times)


def forbidden(path: str = "") -> Fault:
    return _json(403, _status(403, "Forbidden", "forbidden"), path)


def redirect(to: str, path: str = "") -> Fault:
    return Fault("answer", path, status=302, headers={"Location": to})


def blank() -> Fault:
    return Fault("blank")


def hostile(*keys: str, path: str = "", text: str = HOSTILE) -> Fault:
    """The real JSON answer, but strings under these keys try to break out of whatever shows them."""
    return Fault("rewrite", path, keys=keys, body=text)
