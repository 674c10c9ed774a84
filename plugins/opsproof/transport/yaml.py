"""YAML that a server sent: read only when it is small, flat and not larger than it looks."""

from __future__ import annotations

from threading import Lock
from typing import Any

import yaml

_LONGEST = 4 * 2**20
_MOST_NODES = 100_000
_DEEPEST = 60
_ONE_AT_A_TIME = Lock()  # what a document is made of takes a hundred times its size for a moment
# libyaml reads ten times as fast; not every build of PyYAML has it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadYaml(ValueError):
    """No YAML, or more of it than is read. The message holds nothing of the text."""


def load(text: str) -> Any:
    """The document, after its events were counted: an alias counts as all that it stands for.

    Raises:
        BadYaml: not YAML, more than one document, or larger, deeper or more repetitive than is read.
    """
    if len(text) > _LONGEST:
        raise BadYaml(f"more than {_LONGEST} characters")
    try:
        _count(text)
        with _ONE_AT_A_TIME:
            return yaml.load(text, _LOADER)  # one of the safe loaders  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, OverflowError) as error:
        raise error if isinstance(error, BadYaml) else BadYaml("no YAML") from None


def _count(text: str) -> None:
    """Follow the events, with how many nodes each anchor stands for."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    nodes = 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.AliasEvent):
            # An alias within its own anchor stands for more than any number.
            nodes += sizes.get(str(event.anchor), _MOST_NODES)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, nodes))
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        if nodes > _MOST_NODES:
            raise BadYaml(f"more than {_MOST_NODES} nodes")
        if len(open_nodes) > _DEEPEST:
            raise BadYaml(f"more than {_DEEPEST} levels")
