"""The table of docs/drill.md: what drills of good and bad backups came to, and what they measured."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from opsproof.model.units import duration_text
from tests.drill.cases import CASES, Case, Found, found
from tests.drill.shop import Shop
from tests.sources.postgres.own import Server

PAGE = Path(__file__).parents[2] / "docs" / "drill.md"
_HEAD = "| backup | `backup/restore-tested` | `recovery/data-integrity` | RPO | RTO | what the drill said |"


def written(server: Server) -> str:
    """The page with its table anew."""
    before, _, rest = PAGE.read_text().partition(_HEAD)
    after = rest[rest.index("\n\n") :] if "\n\n" in rest else "\n"
    return before + "\n".join([_HEAD, "|---|---|---|---:|---:|---|", *rows(server)]) + after


def rows(server: Server) -> Iterator[str]:
    """A row for each case, done now."""
    for case in CASES:
        with tempfile.TemporaryDirectory() as name:
            shop = Shop(server, Path(name))
            shop.create()
            case.make(shop)
            yield _row(case, found(shop))
            shop.forget()


def _row(case: Case, came: Found) -> str:
    measured = [
        duration_text(value) if value is not None else "" for value in (came.drill.rpo, came.drill.rto)
    ]
    said = case.fails or "restored"
    return " | ".join(
        ["", case.name, came.tested.value.upper(), came.whole.value.upper(), *measured, said, ""]
    ).strip()
