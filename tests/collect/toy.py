"""A source of our own making: a collector whose every step a test decides, and a collection that asks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from opsproof.collect.collection import Collection
from opsproof.collect.redaction import Redactor
from opsproof.model.ask import Ask
from opsproof.model.target import Target, TargetReport
from opsproof.transport.link import Link

Answering = Callable[[Ask, Link], Any]


class Words(Ask, frozen=True, kw_only=True, tag="test/words"):
    """Answered by a list of texts."""

    word: str = ""
    answer = list[str]


def collector(
    answering: Answering, identify: Callable[[Link], TargetReport] | None = None
) -> Callable[[Target], Any]:
    """The class of a collector that answers so."""

    class Toy:
        def __init__(self, target: Target) -> None:
            self.target = target

        def identify(self, link: Link) -> TargetReport:
            if identify is not None:
                return identify(link)
            return TargetReport(target=self.target.id, kind="toy", role="toy")

        def collect(self, ask: Ask, link: Link) -> Any:
            return answering(ask, link)

        def close(self) -> None:
            pass

    return Toy


def collection(folder: Path, *targets: Target, seconds: float = 60.0, **more: Any) -> Collection:
    """As a process of a run has it."""
    (folder / "facts").mkdir(exist_ok=True)
    return Collection(
        folder=folder,
        now=datetime.now(timezone.utc),
        deadline=time.monotonic() + seconds,
        targets={target.id: target for target in targets},
        redactor=Redactor(),
        **more,
    )


def install(monkeypatch: pytest.MonkeyPatch, answering: Answering, **more: Any) -> None:
    """Every target is asked by this collector."""
    made = collector(answering, **more)
    monkeypatch.setattr("opsproof.collect.collection.collector_of", lambda kind: made)
