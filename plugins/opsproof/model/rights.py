"""The least rights: what an ask needs on its target, and the files that give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from opsproof.model.target import Target


class Need(msgspec.Struct, frozen=True, order=True):
    """One permission, in the words of the target's kind: `list pods in shop`, `GET /api/v1/query`.

    `scope` is where it is needed (a namespace), `name` the one object it is needed for; empty for all.
    """

    verb: str
    on: str = ""
    scope: str = ""
    name: str = ""

    def __str__(self) -> str:
        words = [self.verb, self.on, self.name, f"in {self.scope}" if self.scope else ""]
        return " ".join(word for word in words if word)


class Account(msgspec.Struct, frozen=True):
    """As whom opsproof comes: a name, and in a cluster the ServiceAccount's namespace, or a user instead."""

    name: str = "opsproof"
    namespace: str = "opsproof"
    user: str = ""


class RightsFile(msgspec.Struct, frozen=True):
    """What an administrator applies. `comment` begins a line that the file's own language skips; empty: none does."""

    name: str
    text: str
    comment: str = "#"


def _ordinary(need: Need) -> str:
    """Of a kind whose rights give no more than is read."""
    return ""


class Rights(msgspec.Struct, frozen=True):
    """What a kind of target gives rights by.

    Args:
        files: from what is needed on a target to what an administrator applies there.
        identity: what telling who the target is, needs; asked of every target.
        sensitive: what a right gives beyond that which is read, in words; empty for an ordinary one.
    """

    files: Callable[[Sequence[Need], Target, Account], Sequence[RightsFile]]
    identity: tuple[Need, ...] = ()
    sensitive: Callable[[Need], str] = _ordinary
