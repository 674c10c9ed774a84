"""What a drill of Velero's finds in the cluster that another left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from opsproof.drill import velero
from opsproof.drill.scratch import Refused

NAME = "opsproof-drill-20260101t000000z-abcdef"


class Kept:
    """The namespaces of a cluster, and what was deleted."""

    def __init__(self, *namespaces: dict[str, Any]) -> None:
        self.namespaces = namespaces
        self.deleted: list[str] = []

    def every(self, path: str) -> Iterator[Any]:
        assert path == "/api/v1/namespaces"
        yield from ({"metadata": one} for one in self.namespaces)

    def delete(self, path: str) -> None:
        self.deleted.append(path)


def namespace(name: str = NAME, *, made: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"name": name, "creationTimestamp": made, "labels": {velero.LABEL: name}, **more}


def cleared(*namespaces: dict[str, Any]) -> list[str]:
    kept = Kept(*namespaces)
    velero._alone(kept, "velero", within=3600)  # type: ignore[arg-type]
    return kept.deleted


def test_what_a_killed_drill_left_goes_with_its_restore() -> None:
    assert cleared(namespace()) == [
        f"/api/v1/namespaces/{NAME}",
        f"/apis/velero.io/v1/namespaces/velero/restores/{NAME}",
    ]


def test_what_people_call_like_it_is_theirs() -> None:
    """As where the drill itself runs."""
    assert cleared(namespace("opsproof-drill-runner", labels={"team": "sre"}), namespace("shop")) == []
    assert cleared(namespace("opsproof-drill-runner", labels=None)) == []


def test_one_that_may_be_under_way_is_let_be() -> None:
    with pytest.raises(Refused, match=f"its namespace is {NAME}"):
        cleared(namespace(made="2126-01-01T00:00:00Z"))
