"""Which environments a run is for: named by `--env`, the ini setting's, or the only one there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from opsproof.environment.environment import Environment


@dataclass(frozen=True)
class Wanted:
    """Which environments: `system/environment`, or a name that several systems share; else the default."""

    named: tuple[str, ...]
    default: str = ""

    @classmethod
    def of(cls, named: Sequence[str], default: str) -> Wanted:
        return cls(tuple(named), default)

    def choose(self, environments: Mapping[str, Environment]) -> tuple[list[Environment], list[str]]:
        """The environments, and what is wrong with the wish."""
        named = self.named or ((self.default,) if self.default else ())
        if not named and len(environments) == 1:
            return list(environments.values()), []
        listed = ", ".join(environments) or "none: add checks/systems/<system>/environments/<name>.yaml"
        if not named:
            return [], [f"which environment? give --env, or set opsproof_environment; there are: {listed}"]
        chosen: dict[str, Environment] = {}
        problems = []
        for name in named:
            found = {key: one for key, one in environments.items() if name in {key, one.name}}
            if not found:
                near = get_close_matches(
                    name, [*environments, *(one.name for one in environments.values())], n=1
                )
                hint = f"; did you mean {near[0]}?" if near else ""
                problems.append(f"--env {name}: no such environment{hint} there are: {listed}")
            chosen |= found
        return list(chosen.values()), problems
