"""The tables of docs/drill.md: what drills of good and bad backups came to, and what they measured."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from opsproof.model.units import duration_text
from tests.drill import namespaces
from tests.drill.cases import CASES, Found, found
from tests.drill.shop import Shop
from tests.sources.postgres.own import Server

PAGE = Path(__file__).parents[2] / "docs" / "drill.md"
_MORE = "`backup/restore-tested` | `recovery/data-integrity` | RPO | RTO | what the drill said |"
_DUMPS, _NAMESPACES = f"| backup | {_MORE}", f"| backup of Velero | {_MORE}"


def of_dumps(server: Server) -> str:
    """The page with the table of dumps anew."""
    return _with(_DUMPS, _rows(server))


def of_namespaces() -> str:
    """The page with the table of Velero's backups anew, on the testbed's."""
    return _with(_NAMESPACES, _namespaces())


def _with(head: str, rows: Iterator[str]) -> str:
    before, _, rest = PAGE.read_text().partition(head)
    after = rest[rest.index("\n\n") :] if "\n\n" in rest else "\n"
    return before + "\n".join([head, "|---|---|---|---:|---:|---|", *rows]) + after


def _rows(server: Server) -> Iterator[str]:
    """A row for each case, done now."""
    for case in CASES:
        with tempfile.TemporaryDirectory() as name:
            shop = Shop(server, Path(name))
            shop.create()
            case.make(shop)
            yield _row(case.name, found(case.target(shop)), case.fails)
            shop.forget()


def _namespaces() -> Iterator[str]:
    for case in namespaces.CASES:
        with tempfile.TemporaryDirectory() as name:
            case.make(Path(name))
            came = found(namespaces.target(Path(name)))
            yield _row(case.name, came, came.failure)


def _row(name: str, came: Found, fails: str) -> str:
    measured = [
        duration_text(value) if value is not None else "" for value in (came.drill.rpo, came.drill.rto)
    ]
    said = fails or "restored"
    return " | ".join(
        ["", name, came.tested.value.upper(), came.whole.value.upper(), *measured, said, ""]
    ).strip()
