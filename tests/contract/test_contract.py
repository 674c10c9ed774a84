"""The contract finds what it is there for: each flaw, built into a good collector, fails one of its tests."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.failure import CollectionError
from opsproof.testing.attempt import Hangs
from tests.contract.test_rabbitmq import TestQueues as Queues
from tests.sdk.outside import importable, installed

Collect = Callable[[Any, Any, Any], Any]


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with importable(installed(tmp_path_factory.mktemp("packages"))):
        yield


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "credential"
    file.write_text("Planted-4711-by-a-server-that-echoes\n")
    return str(file)


def _empty(collect: Collect) -> Collect:
    def flawed(self: Any, ask: Any, link: Any) -> Any:
        try:
            return collect(self, ask, link)
        except CollectionError:
            return ()

    return flawed


def _crashes(collect: Collect) -> Collect:
    def flawed(self: Any, ask: Any, link: Any) -> Any:
        try:
            return collect(self, ask, link)
        except CollectionError as error:
            raise KeyError("items") from error

    return flawed


def _list(collect: Collect) -> Collect:
    return lambda self, ask, link: list(collect(self, ask, link))


def _unbudgeted(collect: Collect) -> Collect:
    def flawed(self: Any, ask: Any, link: Any) -> Any:
        found = collect(self, ask, link)
        with urllib.request.urlopen(f"{self.api.base}/api/overview", timeout=30):
            return found

    return flawed


def _clockless(collect: Collect) -> Collect:
    def flawed(self: Any, ask: Any, link: Any) -> Any:
        found = collect(self, ask, link)
        link.clock = None
        return found

    return flawed


FLAWS = {
    "an error is taken for nothing there": (_empty, "test_every_fault_of_the_protocol_has_its_kind"),
    "a time-out is taken for nothing there": (_empty, "test_a_server_that_hangs_ends_with_the_deadline"),
    "half an answer is taken for a whole one": (_empty, "test_a_truncated_answer_is_no_answer"),
    "another exception escapes": (_crashes, "test_every_fault_of_the_protocol_has_its_kind"),
    "a replay would read other facts": (_list, "test_a_good_answer_is_facts"),
    "a request holds no slot": (_unbudgeted, "test_the_server_sees_no_more_at_once_than_the_budget"),
    "the server's clock is not told": (_clockless, "test_a_clock_three_minutes_off_is_told"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_found(flaw: str, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The good collector passes the same test."""
    from opsproof_rabbitmq.collector import RabbitmqCollector  # type: ignore[import-not-found]

    make, name = FLAWS[flaw]
    getattr(Queues(), name)(secret)
    monkeypatch.setattr(RabbitmqCollector, "collect", make(RabbitmqCollector.collect))
    with pytest.raises((AssertionError, KeyError, Hangs)):
        getattr(Queues(), name)(secret)
