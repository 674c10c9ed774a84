"""A server with an application's database, and another that is restored into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.drill.shop import Shop
from tests.sources.postgres import own
from tests.sources.postgres.own import Server
from tests.testbed import place


@contextmanager
def prepared() -> Iterator[Server]:
    """With a role that may make databases and is one of the application's, and nothing else."""
    with own.server() as made:
        made.run(
            "CREATE ROLE app NOLOGIN",
            f"CREATE ROLE drill LOGIN CREATEDB PASSWORD '{own.PASSWORD}'",
            "GRANT app TO drill",
            "GRANT EXECUTE ON FUNCTION pg_control_system() TO drill",
        )
        yield made


@pytest.fixture(scope="session")
def drill_server(own_place: tuple[Path, Mapping[str, int]]) -> Iterator[Server]:
    with ExitStack() as ends:
        with place.elsewhere(*own_place):
            made = ends.enter_context(prepared())
        yield made


@pytest.fixture
def shop(apart: None, drill_server: Server, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(drill_server, tmp_path)
    made.create()
    yield made
    made.forget()
