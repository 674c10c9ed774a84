"""The first bytes of PostgreSQL: its protocol 3 as far as opsproof asks."""

from __future__ import annotations

import itertools
import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone

from opsproof.testing.bytewise import others
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right

_TLS, _CANCEL = 80877103, 80877102
_BOOL, _INT8, _INT4, _TEXT, _FLOAT8, _TIME, _TEXTS = 16, 20, 23, 25, 701, 1184, 1009
Column = tuple[int, str | None]  # the type's OID, and the value as text
Rows = Sequence[Mapping[str, str | int | None]]
BOUNCER = "1.24.1/bouncer"
Answer = Callable[[str], bytes]


class Postgres:
    """A server that trusts everybody and answers what opsproof asks; a pooler's console where its `version` says so."""

    def __init__(self, version: str = "17.2") -> None:
        self.version = version

    def good(self, said: Said) -> Behaviour:
        if self.version == BOUNCER:
            return bouncer(shown(said.text.replace("\0", "")))
        return speaking(lambda statement: _answered(statement, said))

    def _speaking(self, answer: Answer) -> Behaviour:
        return speaking(answer, self.version)

    def faults(self) -> Mapping[str, Fault]:
        return {
            "401": Fault(
                refusing("28P01", 'password authentication failed for user "x"'), right("Unauthenticated")
            ),
            "403: pg_hba.conf": Fault(
                refusing("28000", 'no pg_hba.conf entry for host "10.0.0.1"'), right("Forbidden")
            ),
            "403: a grant": Fault(
                self._speaking(lambda statement: _error("42501", "permission denied for x")),
                right("Forbidden"),
            ),
            "404: no database": Fault(refusing("3D000", 'database "x" does not exist'), right("NotFound")),
            "429: full": Fault(
                refusing("53300", "sorry, too many clients already"), right("Unreachable", "facts")
            ),
            "503: starting": Fault(
                refusing("57P03", "the database system is starting up"), right("Unreachable")
            ),
            "an error of its own": Fault(
                self._speaking(lambda statement: _error("XX000", "\x1b[2J<script>alert(1)</script>")),
                right("BadAnswer"),
            ),
            "no rows": Fault(
                self._speaking(lambda statement: _control(statement) or _rows([])), right("BadAnswer")
            ),
            "other columns": Fault(
                self._speaking(lambda statement: _control(statement) or _rows([[(_TEXT, "a")]])),
                right("BadAnswer"),
            ),
            "no number where one belongs": Fault(
                self._speaking(lambda statement: _control(statement) or _rows([[(_INT4, "many")] * 6])),
                right("BadAnswer"),
            ),
            "another message type": Fault(
                self._speaking(lambda statement: b"?\x00\x00\x00\x04"), right("BadAnswer", "Unreachable")
            ),
            **others(),
        }

    def oversized(self) -> Mapping[str, Behaviour]:
        def without_end(statement: str) -> Iterator[bytes]:
            if (control := _control(statement)) is not None:
                yield control
                return
            row = [(_TEXT, "x" * (_MIB // 6))] * 6
            yield _described(row)
            for _ in itertools.repeat(None, 1024):
                yield _data(row)

        def huge(statement: str) -> Iterator[bytes]:
            if (control := _control(statement)) is not None:
                yield control
                return
            yield b"D" + struct.pack("!i", 2**30)
            yield from itertools.repeat(bytes(65536), 2**30 // 65536)

        return {
            "rows without end": _streaming(without_end, self.version),
            "a row of 1 GB": _streaming(huge, self.version),
        }


_MIB = 2**20


def _answered(statement: str, said: Said) -> bytes:
    clock = (_TIME, f"{said.clock or datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S.%f+00}")
    text = (_TEXT, said.text.replace("\0", ""))
    for word, names, rows in _NAMED:
        if word in statement:
            return _rows([[_filled(one, clock, text) for one in rows]], names.split())
    for word, rows in (
        ("rolconnlimit", [[text, (_INT4, "1"), (_INT4, "5")]]),
        ("pg_stat_activity", [[text, clock, (_BOOL, "t"), (_INT4, "7"), (_INT4, "100"), (_INT4, "3")]]),
        ("pg_control_system", [[text]]),
        ("server_version", [[text, text, clock]]),
        ("SELECT 1", [[(_INT4, "1"), (_BOOL, "f"), clock]]),
    ):
        if word in statement:
            return _rows(rows)
    return _control(statement) or _error("42601", "syntax error")


# Statements by a word of theirs, the names of their columns, and a row. TIME and SAID are filled in.
_TIME_NOW, _SAID = (_TIME, "now"), (_TEXT, "said")
_NONE, _ONE, _YES, _NO = (_TEXT, ""), (_INT8, "1"), (_BOOL, "t"), (_BOOL, "f")
_INDEX = "schema table name valid ready live scans size"
_OF_INDEX = [_SAID, _SAID, _SAID, _YES, _YES, _YES, _ONE, _ONE]
_NAMED: tuple[tuple[str, str, Sequence[Column]], ...] = (
    ("current_database()::text,", "at user database complete standby", [_TIME_NOW, _SAID, _SAID, _YES, _NO]),
    ("GROUP BY 1", "state count", [(_TEXT, "active"), _ONE]),
    (
        "pg_stat_progress_cluster",
        "pid role application database state query_start state_change query_id doing",
        [(_INT4, "7"), _SAID, _SAID, _SAID, (_TEXT, "active"), _TIME_NOW, _TIME_NOW, _SAID, _NONE],
    ),
    ("pg_extension", "schema version track usable", [_SAID, (_TEXT, "1.10"), _SAID, _YES]),
    ("pg_stat_statements_info", "total evicted since", [_ONE, _ONE, _TIME_NOW]),
    (
        "s.queryid",
        "query_id role calls mean longest command",
        [_SAID, _SAID, _ONE, (_FLOAT8, "1.5"), (_FLOAT8, "2"), _NONE],
    ),
    ("track_commit_timestamp", "counted autovacuum timed total since", [_YES, _YES, _NO, _ONE, _TIME_NOW]),
    ("pg_control_checkpoint", "xid at", [(_TEXT, "700"), _TIME_NOW]),
    (
        "n_live_tup",
        "schema name live dead changed unanalyzed written vacuumed",
        [_SAID, _SAID, _ONE, _ONE, _ONE, _ONE, _ONE, _TIME_NOW],
    ),
    ("pg_total_relation_size", "schema name size", [_SAID, _SAID, _ONE]),
    ("pg_database_size", "total size", [_ONE, _ONE]),
    ("pg_get_expr", f"{_INDEX} columns predicate", [*_OF_INDEX, (_TEXTS, "{a,b}"), _SAID]),
    ("indisvalid AS valid", _INDEX, _OF_INDEX),
    ("AS table, a.query_start", "table since", [_SAID, _TIME_NOW]),
    ("pg_db_role_setting", "name value role database", [_SAID, _SAID, _SAID, _SAID]),
    ("pending_restart", "name value unit source pending_restart", [_SAID, _SAID, _NONE, _SAID, _NO]),
    (
        "pg_stat_replication r",
        "application state sync_state logical behind lag",
        [_SAID, _SAID, _SAID, _NO, _ONE, (_FLOAT8, "0.5")],
    ),
    ("slot_name", "name kind active retained status", [_SAID, _SAID, _YES, _ONE, _SAID]),
    ("archive_mode", "mode archived failed since", [_SAID, _ONE, _ONE, _TIME_NOW]),
    ("pg_replication_slots", "total since standbys", [_ONE, _TIME_NOW, _ONE]),
)


def _filled(one: Column, clock: Column, text: Column) -> Column:
    return {_TIME_NOW: clock, _SAID: text}.get(one, one)


def _control(statement: str) -> bytes | None:
    """BEGIN, SET, COMMIT and ROLLBACK; None for a query."""
    word = statement.split(None, 1)[0].upper() if statement.strip() else ""
    return _complete(word) if word in {"BEGIN", "SET", "COMMIT", "ROLLBACK"} else None


def speaking(answer: Answer, version: str = "17.2") -> Behaviour:
    return _streaming(lambda statement: iter([answer(statement)]), version)


def shown(text: str) -> dict[str, Rows]:
    """What a pooler's console shows by each name: its own pool and database, and one of `text`."""
    pool = dict.fromkeys(
        [
            "cl_active",
            "cl_waiting",
            "sv_active",
            "sv_idle",
            "sv_used",
            "sv_tested",
            "sv_login",
            "maxwait",
            "maxwait_us",
        ],
        1,
    )
    database: dict[str, str | int | None] = {"host": text, "port": 5432, "database": text, "pool_size": 20}
    database |= {"paused": 0, "disabled": 0, "current_connections": 1, "of_a_later_version": "x"}
    return {
        "POOLS": [{"database": one, "user": one, **pool, "pool_mode": None} for one in ("pgbouncer", text)],
        "DATABASES": [{"name": one, **database} for one in ("pgbouncer", text)],
        "LISTS": [{"list": "databases", "items": 2}, {"list": "used_clients", "items": 3}],
        "CONFIG": [{"key": "max_client_conn", "value": "100"}, {"key": "auth_query", "value": None}],
        "STATE": [{"key": "active", "value": "yes"}, {"key": "paused", "value": "no"}],
    }


def bouncer(answers: Mapping[str, Rows], version: str = BOUNCER) -> Behaviour:
    """A pooler's console, which knows SHOW alone."""

    def answer(statement: str) -> bytes:
        rows = answers.get(statement.removeprefix("SHOW "))
        if rows is None:
            return _error("08P01", f"invalid command '{statement}', use SHOW HELP;")
        columns = [
            [
                (
                    _TEXT if value is None or isinstance(value, str) else _INT4,
                    None if value is None else str(value),
                )
                for value in row.values()
            ]
            for row in rows
        ]
        return _rows(columns, list(rows[0]) if rows else ())

    return speaking(answer, version)


def _streaming(answer: Callable[[str], Iterator[bytes]], version: str = "17.2") -> Behaviour:
    def behave(connection: socket.socket) -> None:
        if not _started(connection):
            return
        begun = _message(b"R", struct.pack("!i", 0))
        for name, value in (("server_version", version), ("client_encoding", "UTF8"), ("TimeZone", "UTC"),
                            ("DateStyle", "ISO, MDY"), ("integer_datetimes", "on"),
                            ("standard_conforming_strings", "on")):  # fmt: skip
            begun += _message(b"S", name.encode() + b"\0" + value.encode() + b"\0")
        connection.sendall(begun + _message(b"K", struct.pack("!ii", 1, 2)) + _ready("I"))
        status = "I"
        for statement in _statements(connection):
            for part in answer(statement):
                connection.sendall(part)
            word = statement.split(None, 1)[0].upper()
            status = {"BEGIN": "T", "COMMIT": "I", "ROLLBACK": "I"}.get(word, status)
            connection.sendall(_ready(status))

    return behave


def refusing(state: str, text: str, routine: str = "") -> Behaviour:
    """No session: the error comes in place of authentication."""

    def behave(connection: socket.socket) -> None:
        if _started(connection):
            connection.sendall(_error(state, text, severity="FATAL", routine=routine))

    return behave


def _started(connection: socket.socket) -> bool:
    """The start of a session, after a request for TLS was declined."""
    while True:
        head = _exactly(connection, 8)
        if len(head) < 8:
            return False
        size, code = struct.unpack("!ii", head)
        if code == _TLS:
            connection.sendall(b"N")
        elif code == _CANCEL:
            return False
        else:
            _exactly(connection, size - 8)
            return True


def _statements(connection: socket.socket) -> Iterator[str]:
    """Simple queries, and those of the extended protocol without parameters."""
    parsed = ""
    while True:
        head = _exactly(connection, 5)
        if len(head) < 5 or head[:1] == b"X":
            return
        body = _exactly(connection, struct.unpack("!i", head[1:])[0] - 4)
        if head[:1] == b"Q":
            yield body.rstrip(b"\0").decode()
        elif head[:1] == b"P":
            parsed = body.split(b"\0")[1].decode()
            connection.sendall(_message(b"1", b""))
        elif head[:1] == b"B":
            connection.sendall(_message(b"2", b""))
        elif head[:1] == b"S":
            yield parsed


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return data
        data += more
    return data


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _ready(status: str) -> bytes:
    return _message(b"Z", status.encode())


def _complete(tag: str) -> bytes:
    return _message(b"C", tag.encode() + b"\0")


def asking(way: int) -> Behaviour:
    """Asks for a password (3: clear text, 5: MD5), and welcomes whoever sends something."""

    def behave(connection: socket.socket) -> None:
        if _started(connection):
            connection.sendall(_message(b"R", struct.pack("!i", way) + (b"salt" if way == 5 else b"")))
            heard.append(connection.recv(4096))

    heard: list[bytes] = []
    behave.heard = heard  # type: ignore[attr-defined]
    return behave


def _error(state: str, text: str, severity: str = "ERROR", routine: str = "") -> bytes:
    fields = {"S": severity, "V": severity, "C": state, "M": text}
    if routine:
        fields |= {"F": "postinit.c", "L": "99", "R": routine}
    body = b"".join(key.encode() + value.encode() + b"\0" for key, value in fields.items()) + b"\0"
    return _message(b"E", body)


def _rows(rows: Sequence[Sequence[Column]], names: Sequence[str] = ()) -> bytes:
    first = rows[0] if rows else [(_INT4, "")]
    return _described(first, names) + b"".join(map(_data, rows)) + _complete(f"SELECT {len(rows)}")


def _described(row: Sequence[Column], names: Sequence[str] = ()) -> bytes:
    given = names or [f"c{number}" for number in range(len(row))]
    columns = b"".join(
        name.encode() + b"\0" + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0)
        for name, (oid, _) in zip(given, row, strict=True)
    )
    return _message(b"T", struct.pack("!h", len(row)) + columns)


def _data(row: Sequence[Column]) -> bytes:
    values = [None if value is None else value.encode("utf-8", "replace") for _, value in row]
    body = b"".join(
        struct.pack("!i", -1) if one is None else struct.pack("!i", len(one)) + one for one in values
    )
    return _message(b"D", struct.pack("!h", len(row)) + body)
