"""A plain dump on its way to psql: its commands to psql itself are taken out, and what is left may give none.

psql does what lines with a backslash say, programs on this machine included. Between `\\restrict` and
`\\unrestrict` it refuses them all but the end of data; pg_dump writes these two itself since 2025.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator

from opsproof.drill.dumps import Unreadable

_LAST = b"-- PostgreSQL database dump complete"
_COPY = re.compile(rb"COPY .+ FROM stdin;\r?\n?", re.DOTALL | re.IGNORECASE)
_END = re.compile(rb"\\\.\r?\n?")
_LONGEST = 64 * 2**20  # bytes of a line that are held at once
# It takes the extension's owner, a superuser mostly; and nothing is lost.
_COMMENT = re.compile(rb"COMMENT ON EXTENSION \S+ IS '(?:[^']|'')*';\r?\n?")
# By `pg_dump --create`, before it connects to what it made: they would hit databases that are not the drill's.
_OF_DATABASES = re.compile(rb"\s*(?:CREATE|DROP|ALTER)\s+DATABASE\s.*", re.DOTALL | re.IGNORECASE)
_NOTHING = re.compile(rb"\s*(?:--.*)?", re.DOTALL)
_OWN = re.compile(rb"\\(?:un)?restrict [A-Za-z0-9]+\r?\n?")


def guarded(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The dump within a restriction of ours, line by line.

    Raises:
        Unreadable: pg_dump's last line is missing, or is not the last: psql would take what is there for all of it.
            Or it makes or drops databases.
    """
    key = secrets.token_hex(16).encode()
    yield b"\\restrict " + key + b"\n"
    in_data = whole = False
    for line in _lines(parts):
        if in_data:
            in_data = not _END.fullmatch(line)
        elif _OWN.fullmatch(line) or _COMMENT.fullmatch(line):
            continue
        elif _OF_DATABASES.fullmatch(line):
            raise Unreadable(
                "it makes or drops whole databases: dump without --create, and not by pg_dumpall"
            )
        else:
            in_data = bool(_COPY.fullmatch(line))
            whole = line.rstrip() == _LAST or (whole and bool(_NOTHING.fullmatch(line)))
        yield line
    if not whole:
        raise Unreadable("it ends before pg_dump's last line, `-- PostgreSQL database dump complete`")
    yield b"\n\\unrestrict " + key + b"\n"


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends; a line that ends never is what was read of it."""
    rest = b""
    for part in parts:
        lines = (rest + part).split(b"\n")
        rest = lines.pop()
        yield from (line + b"\n" for line in lines)
        if len(rest) > _LONGEST:
            yield rest
            rest = b""
    if rest:
        yield rest
