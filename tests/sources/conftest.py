"""One PostgreSQL for all tests of a process that need a server of their own and leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.sources.postgres import own
from tests.sources.postgres.own import Server
from tests.testbed import place


@pytest.fixture(scope="session")
def own_server(own_place: tuple[Path, Mapping[str, int]]) -> Iterator[Server]:
    with ExitStack() as ends:
        with place.elsewhere(*own_place):
            made = ends.enter_context(own.server())
        yield made
