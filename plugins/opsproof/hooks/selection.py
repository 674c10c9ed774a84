"""What of the plan a run is to decide, and what made it narrower than what `-m` names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from opsproof.hooks.item import CheckItem
from opsproof.hooks.planning import planning_key
from opsproof.model.result import Selection


def selected(config: pytest.Config, items: Sequence[CheckItem]) -> Selection:
    return Selection(
        nodeids=tuple(item.nodeid for item in items),
        expression=config.option.markexpr or "",
        narrowed=tuple(_words(config)),
    )


def _words(config: pytest.Config) -> Iterator[str]:
    option = config.option
    if option.keyword:
        yield f"-k {option.keyword}"
    if getattr(option, "lf", False):
        yield "--lf"
    if option.deselect:
        yield "--deselect"
    if not config.stash[planning_key].settings.whole_folder:
        yield "the paths given"
