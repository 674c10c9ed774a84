"""A source: what a kind of server is to us. One object that an entry point of `opsproof.sources` names.

[project.entry-points."opsproof.sources"]
rabbitmq = "opsproof_rabbitmq:SOURCE"
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import msgspec


class SourceKind(msgspec.Struct, frozen=True):
    """Where the parts of a source are, as `module:name`; nothing is imported before it is needed.

    Args:
        title: what the server is called among people.
        settings: its `TargetSettings`, imported when a YAML names the kind. Empty for facts on a target of
            another kind, which have no collector of their own.
        collector: the class that talks to it, imported when it is asked.
        tags: what the tags of its asks begin with, separated by blanks; no other kind may claim them.
        install: what to install where its library is missing.
        rights: its `Rights`: from what asks need to what an administrator applies. Empty: it needs none.
    """

    title: str
    settings: str = ""
    collector: str = ""
    tags: str = ""
    install: str = ""
    rights: str = ""

    @property
    def claims(self) -> tuple[str, ...]:
        return tuple(self.tags.split())


def load(place: str) -> Any:
    """What `module:name` names. Raises ImportError or AttributeError."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
