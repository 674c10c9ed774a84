"""What one process of a run came by is blanked by all of them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from opsproof.collect.exchange import Exchange, exchanged
from opsproof.collect.redaction import BLANK, Redactor

TOKEN, OTHER = "token-of-one-process-0123456789", "token-of-another-0123456789"


@pytest.fixture
def controller() -> Redactor:
    return Redactor()


@pytest.fixture
def address(controller: Redactor) -> Iterator[str]:
    exchange = Exchange(controller.add)
    yield exchange.address
    exchange.close()


def worker(address: str) -> Redactor:
    return Redactor(share=partial(exchanged, address))


def kept(redactor: Redactor, text: str) -> str:
    value: str = json.loads(redactor.json(json.dumps({"a": text}).encode()))["a"]
    return value


def test_a_credential_of_one_worker_is_known_to_the_controller_and_to_the_others(
    controller: Redactor, address: str
) -> None:
    one, another = worker(address), worker(address)
    one.add(TOKEN)
    another.refresh()
    assert [kept(redactor, f"it is {TOKEN}") for redactor in (one, another, controller)] == [
        f"it is {BLANK}"
    ] * 3


def test_a_worker_that_comes_later_hears_of_it(controller: Redactor, address: str) -> None:
    worker(address).add(TOKEN)
    late = worker(address)
    late.add(OTHER)
    assert kept(late, TOKEN) == BLANK
    assert kept(controller, OTHER) == BLANK


def test_who_has_not_looked_does_not_know(address: str) -> None:
    """So that these tests can fail."""
    one, another = worker(address), worker(address)
    one.add(TOKEN)
    assert kept(another, TOKEN) == TOKEN


def test_what_all_read_by_themselves_is_not_told(address: str) -> None:
    Redactor([TOKEN], share=partial(exchanged, address)).add(TOKEN)
    assert exchanged(address) == []


def test_others_of_the_machine_do_not_hear_it(address: str) -> None:
    assert stat.S_IMODE(Path(address).parent.stat().st_mode) == 0o700


def test_without_the_controller_nothing_is_taken_for_harmless(controller: Redactor) -> None:
    exchange = Exchange(controller.add)
    alone = worker(exchange.address)
    exchange.close()
    assert not os.path.lexists(Path(exchange.address).parent)
    with pytest.raises(OSError, match="No such file"):
        alone.refresh()
    with pytest.raises(OSError, match="No such file"):
        alone.add(TOKEN)
    assert kept(alone, TOKEN) == BLANK


def test_nonsense_ends_nobody(address: str) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        connection.sendall(b"{")
    assert exchanged(address, [TOKEN]) == [TOKEN]
