"""What a collector needs in a test: a link that records, and targets as environments declare them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opsproof.environment.kinds import settings_of
from opsproof.model.target import Budget, Target
from opsproof.transport.link import Link, Request


class Free:
    """A load budget without bounds."""

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        yield


class RecordingLink(Link):
    """Keeps the requests that a run would write to requests.jsonl."""

    def __init__(self, target: Target, *, seconds: float = 10.0, slots: Any = None) -> None:
        self.requests: list[Request] = []
        super().__init__(
            target,
            "ask",
            slots=slots or Free(),
            record=self.requests.append,
            deadline=time.monotonic() + seconds,
        )

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


def target_of(
    kind: str, *, budget: Budget | None = None, identity: dict[str, str] | None = None, **settings: Any
) -> Target:
    """A target with the settings that an environment's YAML would give."""
    made = settings_of(kind).model_validate(settings, context="/")
    return Target(kind, kind, f"{kind}:test", made, identity=identity or {}, budget=budget or Budget())
