"""After a drill nothing is left, which is good."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, passes, scenario
from tests.faults.scenarios.drill_namespaces import emptied


@scenario(
    "nothing of a drill is left",
    situation="ordinary",
    group="backups",
    proves=("recovery/dr-environment",),
)
def nothing_left() -> Iterator[Changes]:
    """That the namespace was looked into is proven, and that pods are seen where some must be."""
    with emptied():
        yield {"SC-136": passes()}
