"""What a collector needs in a test: a link that records, and targets as environments declare them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from opsproof.environment.kinds import settings_of
from opsproof.model.target import Budget, Target
from opsproof.transport.link import Link, Request
from opsproof.transport.memory import Memory


class Free:
    """A load budget without bounds."""

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        yield


class RecordingLink(Link):
    """Keeps the requests that a run would write to requests.jsonl, and the credentials that were told."""

    def __init__(
        self, target: Target, *, seconds: float = 60.0, slots: Any = None, memory: Memory | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.told: list[str] = []
        budget = msgspec.structs.replace(target.budget, deadline=min(target.budget.deadline, seconds))
        super().__init__(
            replace(target, budget=budget),
            "ask",
            slots=slots or Free(),
            record=self.requests.append,
            deadline=time.monotonic() + 600,
            tell=self.told.append,
            memory=memory or memory_of_answers(),
        )

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


def memory_of_answers() -> Memory:
    """A run's, of which answers alone take: what the tests themselves hold, and those before them, is no answer."""
    return Memory(resident=lambda: 0)


def target_of(
    kind: str, *, budget: Budget | None = None, identity: dict[str, str] | None = None, **settings: Any
) -> Target:
    """A target with the settings that an environment's YAML would give."""
    made = settings_of(kind).model_validate(settings, context="/")
    return Target(kind, kind, f"{kind}:test", made, identity=identity or {}, budget=budget or Budget())


def own(fact: Any) -> bool:
    """Whether a fact's failure is our own side's."""
    return fact.failure is not None and bool(fact.failure.own)
