"""Requests of one target keep below its rate, whoever sends them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.target import Budget, Target
from opsproof.transport.link import Link
from tests.collect.toy import Words, collection, install


def test_requests_beyond_one_seconds_worth_wait_for_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst of a second's worth is let through; each one more waits a step longer."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    install(monkeypatch, _five_requests)
    target = Target("toy", "toy", "toy:x", settings=None, budget=Budget(rate=2.0))

    answer = collection(tmp_path, target).answer(Words(target="toy:x"))

    assert ["answered"] == answer.value()
    waits = [seconds for seconds in slept if seconds > 0.2]
    assert 3 <= len(waits)
    assert waits == sorted(waits)


def _five_requests(ask: Any, link: Link) -> list[str]:
    for number in range(5):
        with link.request("GET", f"/{number}"):
            pass
    return ["answered"]
