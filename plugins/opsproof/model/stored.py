"""What is stored of backups, wherever that is: names, sizes and times; and what reading one to its end told."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file or object, or all of a folder together: `count` of them; `modified` is the latest of their times.

    `archived`: it has to be brought back from an archive before it can be read.
    """

    name: str
    size: int
    modified: datetime
    count: int = 1
    archived: bool = False
    empty: int = 0  # of them without content


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What fits one pattern in one place, and what else there is: `others` where it was looked, `instead` in all."""

    stored: tuple[Stored, ...] = ()
    others: int = 0
    instead: tuple[str, ...] = ()


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What reading a file or object to its end told of it. Nothing of its content but names of objects and ids of keys.

    `packing` is gzip or nothing, `problem` what is wrong with that; `form` is sql, custom, pgp, age, manifest,
    empty or other. What is None does not belong to its form. `unread`: why it was not looked into.
    """

    name: str = ""
    stored: int = 0
    modified: datetime | None = None
    changed: bool = False
    size: int = 0
    sha256: str = ""
    packing: str = ""
    problem: str = ""
    unpacked: int = 0
    form: str = ""
    unread: str = ""
    header: bool | None = None
    trailer: bool | None = None
    lines: int = 0
    returns: int = 0
    tables: int = 0
    data: int | None = None
    restored: bool | None = None
    recipients: tuple[str, ...] = ()
    passwords: int = 0
    whole: bool | None = None
    kinds: dict[str, int] = {}
    names: tuple[str, ...] = ()
    secrets: int = 0
    damaged: bool = False
