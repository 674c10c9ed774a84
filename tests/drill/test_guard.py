"""What a plain dump may hold, and that it is whole."""

from __future__ import annotations

import pytest

from opsproof.drill.dumps import Unreadable
from opsproof.drill.guard import guarded

END = b"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n"


def given(text: bytes) -> bytes:
    """What psql gets, without the restriction around it."""
    return b"".join(list(guarded([text]))[1:-1])


def test_a_whole_dump_is_given_without_commands_of_its_own() -> None:
    assert given(b"\\restrict abc\nSELECT 1;\n" + END) == b"SELECT 1;\n" + END.replace(
        b"\\unrestrict abc\n", b""
    )


@pytest.mark.parametrize(
    "text",
    [
        b"SELECT 1;\n",
        END + b"CREATE TABLE more (id int);\n",  # the second of two in a file, cut off
        b"INSERT INTO notes VALUES ('\n" + END + b"');\nSELECT 1;\n",  # text in a row
        b"COPY notes (text) FROM stdin;\n" + END + b"\\.\n",
    ],
)
def test_what_ends_before_its_last_line_is_not_whole(text: bytes) -> None:
    with pytest.raises(Unreadable, match="it ends before pg_dump's last line"):
        given(text)


def test_two_dumps_in_one_are_whole_at_the_end_of_the_second() -> None:
    assert given(END + b"SELECT 1;\n" + END)


@pytest.mark.parametrize(
    "statement",
    [
        b"CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';",
        b"DROP DATABASE IF EXISTS shop;",
        b"  drop  database\tshop;",
        b"ALTER DATABASE shop OWNER TO app;",
    ],
)
def test_databases_are_neither_made_nor_dropped_by_a_dump(statement: bytes) -> None:
    """The role that owns the data owns the databases that it came from, too, where they are on the same server."""
    with pytest.raises(Unreadable, match="it makes or drops whole databases: dump without --create"):
        given(b"SELECT 1;\n" + statement + b"\n" + END)


def test_rows_may_say_so() -> None:
    rows = b"COPY notes (text) FROM stdin;\nDROP DATABASE shop;\n\\.\n-- DROP DATABASE shop;\n" + END
    assert b"\nDROP DATABASE shop;\n" in given(rows)
