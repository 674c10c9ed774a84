"""Where an answer or a gap belongs: a namespace, a bucket, a region."""

from __future__ import annotations

import msgspec


class Scope(msgspec.Struct, frozen=True, order=True):
    """A part of what a target holds: `namespace/shop`, `bucket/backups`, `region/eu-west-1`.

    Without kind and name it is the whole of it.
    """

    kind: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        """Whether it is a part, and not the whole."""
        return bool(self.kind)

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" if self.kind else ""


WHOLE = Scope()


def in_namespace(name: str) -> Scope:
    """A namespace; "" is the whole cluster."""
    return Scope("namespace", name) if name else WHOLE
