"""The role that `opsproof rights` prints for a drill, on a real server: enough, and nothing more than enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from opsproof.model.rights import Account
from opsproof.sources.drill.facts import LOAD, MAKE, Drill
from opsproof.sources.drill.rights import RIGHTS
from tests.drill.shop import Shop
from tests.sources.postgres import own

ROLE = "drill-by-rights"


@pytest.fixture
def into(shop: Shop, drill_server: own.Server) -> Iterator[dict[str, Any]]:
    """As `opsproof rights` prints it, run by the superuser of the scratch server."""
    settings = {**shop.scratch_settings, "user": ROLE}
    (file,) = RIGHTS.files((), shop.target(into=settings), Account())
    drill_server.psql(file.text, password=own.PASSWORD)
    yield settings
    drill_server.run(f'DROP OWNED BY "{ROLE}"', f'DROP ROLE "{ROLE}"')


def drilled(shop: Shop, into: dict[str, Any]) -> Drill:
    shop.backup()
    return shop.drill(into=into)


def test_it_is_enough(shop: Shop, into: dict[str, Any]) -> None:
    done = drilled(shop, into)
    assert (True, "", set()) == (done.good, done.left, shop.databases)


@pytest.mark.parametrize(
    ("less", "step"),
    [(f'ALTER ROLE "{ROLE}" NOCREATEDB', MAKE), (f'REVOKE app FROM "{ROLE}"', MAKE)],
)
def test_each_part_is_needed(shop: Shop, into: dict[str, Any], less: str, step: str) -> None:
    shop.server.run(less)
    failed = drilled(shop, into).failed
    assert failed is not None
    assert (step, "42501") == (failed.name, failed.sqlstate)


def test_without_the_owner_the_dump_cannot_be_loaded(shop: Shop, into: dict[str, Any]) -> None:
    shop.server.run(f'REVOKE app FROM "{ROLE}"')
    shop.backup()
    failed = shop.drill(into=into, owner=None).failed
    assert failed is not None
    assert (LOAD, "42501") == (failed.name, failed.sqlstate)
