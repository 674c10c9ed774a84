"""`--limits RS-048.highest=60%`: limits tried out on a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsproof.environment.problems import choices, short
from opsproof.environment.yaml import value_of
from opsproof.model.limits import Limits
from opsproof.model.requirement import Requirement


@dataclass(frozen=True)
class Override:
    """Another value for one field of one requirement's limits."""

    requirement: str
    field: str
    value: Any

    def applied(self, requirement: Requirement) -> Requirement:
        """The requirement with this limit; it is no longer inferred. Other requirements stay as they are."""
        if requirement.id != self.requirement:
            return requirement
        inferred = tuple(name for name in requirement.inferred if name != f"limits.{self.field}")
        return replace(requirement, limits={**requirement.limits, self.field: self.value}, inferred=inferred)


def parse_override(text: str) -> Override:
    """Read `RS-048.highest=60%` or `RS-048.highest={medium: 60%}`.

    Raises:
        ValueError: not of this form; the message shows it.
    """
    name, equals, value = text.partition("=")
    requirement, dot, field = name.strip().rpartition(".")
    if not (equals and dot and requirement and field.isidentifier() and value.strip()):
        raise ValueError(f"{short(text)} is not understood; write it like RS-048.highest=60%")
    return Override(requirement, field, value_of(value.strip()))


def check_override(
    override: Override, requirements: Mapping[str, Requirement], checks: Mapping[str, type[Limits]]
) -> str:
    """What is wrong with an override's names, or empty. `checks` has the limits of the requirement's checks."""
    if override.requirement not in requirements:
        return f"unknown requirement {short(override.requirement)}; {choices(override.requirement, requirements)}"
    fields = {
        name for kind in checks.values() for name in kind.model_fields if name not in kind.scoped_fields()
    }
    if override.field in fields:
        return ""
    return f"{override.requirement} has no limit {short(override.field)}; {choices(override.field, fields)}"
