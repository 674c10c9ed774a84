"""Names of the environment as arguments."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.examine.declared import Declared
from opsproof.model.failure import NotConfigured


class Named:
    """A context that knows the names it is given."""

    def __init__(self, **values: tuple[str, ...]) -> None:
        self.values: Any = values

    def names(self, name: str) -> tuple[str, ...]:
        if name not in self.values:
            raise NotConfigured(f"{name} is not declared")
        found: tuple[str, ...] = self.values[name]
        return found


def test_a_name_gives_its_values_and_must_be_set() -> None:
    declared: Any = Declared("workloads")
    assert ("deployment/api",) == declared.assemble((), Named(workloads=("deployment/api",)))
    with pytest.raises(NotConfigured):
        declared.asks(Named())


def test_an_optional_name_may_be_missing() -> None:
    declared: Any = Declared("workloads", optional=True)
    assert () == declared.asks(Named())
    assert () == declared.assemble((), Named())
    assert ("job/a",) == declared.assemble((), Named(workloads=("job/a",)))
