"""The header of a check: its name, what holds when it passes, how bad it is when it does not."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, get_args, get_type_hints

import msgspec

from opsproof.model.level import Level
from opsproof.model.limits import Limits


class CheckError(Exception):
    """A check is declared wrongly: its message is for the person who wrote it."""


class Check(msgspec.Struct, frozen=True, dict=True):
    """A check function with its header. Call it with plain objects to test it."""

    name: str
    title: str
    level: Level
    function: Callable[..., None]
    measures: str = ""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        self.function(*args, **kwargs)

    @property
    def file(self) -> str:
        """The file that it is written in: compiled code of a folder that was moved or copied names the old one."""
        found = self.function.__globals__.get("__file__")
        return found if isinstance(found, str) else self.function.__code__.co_filename

    @property
    def place(self) -> str:
        """Where it is written: file:line:column."""
        return f"{self.file}:{self.function.__code__.co_firstlineno}:1"

    @property
    def risk(self) -> str:
        """The docstring: what happens when the requirement is not kept."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def _hints(self) -> Mapping[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def parameters(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.function).parameters)

    @cached_property
    def limits(self) -> type[Limits]:
        """The type of the check's `limits` argument; `Limits` itself when it has none."""
        hint = self._hints.get("limits", Limits)
        if not (isinstance(hint, type) and issubclass(hint, Limits)):
            raise CheckError(f"{self.name}: annotate `limits` with a subclass of Limits")
        return hint

    def require_usable(self) -> None:
        """Whether it could decide anything, as far as its code tells without a call.

        Raises:
            CheckError: its limits or sources are declared wrongly, or it never uses `examine`.
        """
        _ = self.sources, self.limits
        if not _uses(self.function, "examine"):
            raise CheckError(f"{self.name}: it never calls `examine`, so that it could decide nothing")

    @cached_property
    def sources(self) -> dict[str, Any]:
        """Argument name -> the source in its annotation. Reads annotations only.

        Raises:
            CheckError: an argument that is neither `limits`, `examine` nor annotated with a source.
        """
        found: dict[str, Any] = {}
        for name in inspect.signature(self.function).parameters:
            if name in {"limits", "examine"}:
                continue
            sources = [part for part in get_args(self._hints.get(name)) if hasattr(part, "asks")]
            if len(sources) != 1:
                raise CheckError(f"{self.name}: argument {name!r} needs one source in its annotation")
            found[name] = sources[0]
        return found


def _uses(function: Callable[..., None], name: str) -> bool:
    """Whether a function takes this argument and, as far as its code tells, does something with it."""
    if name not in inspect.signature(function).parameters:
        return False
    code = function.__code__
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if name not in own or name in code.co_cellvars:
        return True  # wrapped by another function, or used in an inner one
    return any(
        "LOAD" in step.opname and name in (step.argval if isinstance(step.argval, tuple) else (step.argval,))
        for step in dis.get_instructions(code)
    )


def check(
    name: str, *, title: str, level: Level, measures: str = ""
) -> Callable[[Callable[..., None]], Check]:
    """Declare a check, named `<topic>/<what>` as in the catalogue.

    Args:
        name: what a runbook row writes under `checks`.
        title: the compliant state, as a sentence.
        level: the severity of a violation when the row states none.
        measures: what its numbers are where a report draws them, as `BACKUP_AGE`: those of passing subjects are
            kept, too.
    """

    def declare(function: Callable[..., None]) -> Check:
        return Check(name, title, level, function, measures)

    return declare
