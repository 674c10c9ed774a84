"""What a check's sources may know when an item is made: targets, names and limits of one environment."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import msgspec

from opsproof.environment.environment import Environment
from opsproof.environment.names import UnknownName, mentioned, text
from opsproof.model.argument import fill
from opsproof.model.failure import NotConfigured
from opsproof.model.limits import Limits, Steps
from opsproof.model.target import Target
from opsproof.model.units import Unit


class AmbiguousTarget(Exception):
    """Several targets of the kind that a check asks: the row has to say which. `hint` says how."""

    def __init__(self, environment: str, kind: str, roles: tuple[str, ...], *, named: bool) -> None:
        super().__init__(
            f"on names {len(roles)} targets of kind {kind}"
            if named
            else f"{environment} has {len(roles)} targets of kind {kind}"
        )
        listed = " or ".join(f"on: {role}" for role in roles)
        self.hint = f"make a row of each: {listed}" if named else f"say which one is meant: {listed}"


class Undeclared(NotConfigured):
    """A name that nobody declares. Planning refuses it, so that no run ever sees it as a failure."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"{name} is not declared" if known else f"{name} is defined by itself")
        near = get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]!r}? else " if near else ""
        self.hint = f"{meant}add it under metrics or names of system.yaml" if known else ""


class EnvironmentContext(msgspec.Struct, frozen=True):
    """Implements `opsproof.model.argument.Context`. Fields of the limits come before names and metrics."""

    environment: Environment
    limits: Limits
    on: tuple[str, ...] = ()

    def target(self, kind: str) -> Target:
        """The target of that kind that `on` names, else the only one of its kind.

        Raises:
            NotConfigured: there is none; the message names the key to add.
            AmbiguousTarget: several.
        """
        found = [role for role in self.on if self.role(role).kind == kind]
        targets = self.environment.targets
        found = found or [role for role, target in targets.items() if target.kind == kind]
        if len(found) > 1:
            raise AmbiguousTarget(self.environment.id, kind, tuple(found), named=found[0] in self.on)
        return self.role(found[0] if found else kind)

    def role(self, role: str) -> Target:
        """The target of that role. Raises NotConfigured: there is none; the message names the key to add."""
        targets = self.environment.targets
        if role in targets:
            return targets[role]
        near = get_close_matches(role, targets, n=1, cutoff=0.75)
        raise NotConfigured(
            f"targets.{role} is not set; add it to {self.environment.names.file}"
            + (f" (did you mean {near[0]!r}?)" if near else "")
        )

    def fill(self, template: str) -> str:
        """Replace `${name}` by limits, scope, names and metrics. Lists are joined by `|`.

        Raises:
            NotConfigured: a name that the environment does not set.
            Undeclared: a name that nobody declares, or that is defined by itself.
        """
        wanted = {name for _, name in mentioned(template)}
        return fill(template, {name: self._text(name) for name in wanted})

    def names(self, name: str) -> tuple[str, ...]:
        """A name that may be a list, e.g. `namespaces`. Raises NotConfigured for an unset one."""
        value = self._value(name)
        return tuple(map(text, value)) if isinstance(value, (list, tuple)) else (text(value),)

    def _text(self, name: str) -> object:
        value = self._value(name)
        return value if isinstance(value, (Unit, Steps)) else text(value)

    def _value(self, name: str) -> Any:
        own = self._own()
        try:
            if name in own:
                value = own.pop(name)
                return self.environment.names.replaced(value, own) if isinstance(value, str) else value
            return self.environment.names.value(name, own)
        except UnknownName as error:
            raise Undeclared(error.name, error.known) from None

    def _own(self) -> dict[str, Any]:
        return {name: getattr(self.limits, name) for name in type(self.limits).model_fields}
