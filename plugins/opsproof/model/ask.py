"""What an item needs from a target: frozen, hashable, known before anything is asked."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any, ClassVar

import msgspec

from opsproof.model.rights import Need
from opsproof.model.target import TargetReport


class Ask(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Base of all asks. Subclasses live beside their collector's facts, each with a `tag` of its own.

    `target` is the id of the target (`Target.id`); the other fields are what is asked of it. Limits
    are never part of an ask; windows are. `answer` is the type of the facts that answer it.
    `probing` asks are made even of a target that seems to be gone: that nobody answers is their fact.
    `exact` asks are answered by facts of which every value has the type of its field, as a typed decoder makes
    them: reading them back from their JSON gives the same, and need not be done before they are decided on.
    """

    target: str
    answer: ClassVar[Any] = Any
    probing: ClassVar[bool] = False
    exact: ClassVar[bool] = False

    @property
    def needs(self) -> tuple[Need, ...]:
        """The permissions on the target without which there is no answer."""
        return ()

    @property
    def spread(self) -> float:
        """The seconds between its first and its last attempt, of asks with spaced `probes` or `samples`."""
        attempts = int(getattr(self, "probes", getattr(self, "samples", 1)))
        return max(0, attempts - 1) * float(getattr(self, "spacing", 0.0))

    @cached_property
    def digest(self) -> str:
        """Names the ask's facts: 32 hex digits of SHA-256 over its canonical JSON."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:32]


class Identify(Ask, frozen=True, kw_only=True, tag="identify"):
    """Who is this server, and as whom are we there?"""

    answer: ClassVar[Any] = TargetReport
