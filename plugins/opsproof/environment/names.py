"""Names and metrics: what differs between environments, with `${name}` in them replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from opsproof.environment.from_run import FromRun
from opsproof.environment.problems import choices
from opsproof.model.argument import placeholders
from opsproof.model.failure import NotConfigured

_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class UnknownName(Exception):
    """A `${name}` that nobody declares, though `known` are, or that is defined by itself (`known` empty)."""

    def __init__(self, name: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"unknown name {name!r}" if known else f"{name} is defined by itself")
        self.name = name
        self.known = known
        self.hint = choices(name, known) if known else ""


class Names(msgspec.Struct, frozen=True):
    """Raw names and metrics of one environment, and the file in which a missing one belongs.

    `values` may hold anything YAML can say; `metrics` are PromQL selectors. None means not set.
    A mapping's parts are names too: `database.host`.
    """

    values: Mapping[str, Any] = {}
    metrics: Mapping[str, str | None] = {}
    file: str = ""

    def known(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.values, *self.metrics]))

    def given(self, values: Mapping[str, str]) -> Names:
        """The names with what this run gives, of what is declared to come from it."""
        own = {
            name: values.get(name, value) if isinstance(value, FromRun) else value
            for name, value in self.values.items()
        }
        return replace(self, values=own)

    def circle(self, name: str) -> tuple[str, ...]:
        """How `name` leads back to itself, or empty."""
        found = self._circle(name, (name,))
        return found if found and found[0] == name else ()

    def _circle(self, name: str, way: tuple[str, ...]) -> tuple[str, ...]:
        given = self.values.get(name, self.metrics.get(name))
        for _, inside in mentioned(given):
            head = inside.partition(".")[0]
            if head in way:
                return (*way[way.index(head) :], head)
            if found := self._circle(head, (*way, head)):
                return found
        return ()

    def value(self, name: str, more: Mapping[str, Any] | None = None, within: tuple[str, ...] = ()) -> Any:
        """One name's value, placeholders replaced. `more` (scope and limits) come first.

        Raises:
            NotConfigured: declared, and not set in this environment; the message names key and file.
            UnknownName: not declared at all, or defined by itself.
        """
        if name in within:
            raise UnknownName(name)
        section, found = self._found(name, more or {})
        if isinstance(found, FromRun):
            raise NotConfigured(found.missing(name))
        if found is None:
            raise NotConfigured(f"{section}.{name} is not set; add it to {self.file}")
        return self.replaced(found, more, (*within, name))

    def _found(self, name: str, more: Mapping[str, Any]) -> tuple[str, Any]:
        for section, values in (("scope", more), ("names", self.values), ("metrics", self.metrics)):
            if name in values:
                return section, values[name]
        head, _, rest = name.partition(".")
        found: Any = self.values.get(head) if rest else None
        for step in rest.split(".") if rest else ():
            found = found.get(step) if isinstance(found, Mapping) else None
        if found is None and head in self.values and rest:
            return "names", None
        if found is None:
            raise UnknownName(name, tuple(dict.fromkeys([*more, *self.known()])))
        return "names", found

    def replaced(
        self, given: Any, more: Mapping[str, Any] | None = None, within: tuple[str, ...] = ()
    ) -> Any:
        """`given` with every `${name}` in its texts replaced.

        A text that is nothing but `${name}` becomes the name's value whatever its type; in a list, a
        list so found joins the list. Raises as `value`.
        """
        if isinstance(given, str):
            whole = _NAMED.fullmatch(given)
            if whole:
                return self.value(whole[1], more, within)
            return _NAMED.sub(lambda match: text(self.value(match[1], more, within)), given)
        if isinstance(given, Mapping):
            return {key: self.replaced(value, more, within) for key, value in given.items()}
        if isinstance(given, (list, tuple)):
            return [one for part in given for one in self._spliced(part, more, within)]
        return given

    def _spliced(self, part: Any, more: Mapping[str, Any] | None, within: tuple[str, ...]) -> list[Any]:
        made = self.replaced(part, more, within)
        return made if isinstance(part, str) and isinstance(made, list) else [made]


def text(value: Any) -> str:
    """A value inside a text: lists are joined by `|`, as PromQL's regular expressions want them."""
    if isinstance(value, bool):
        return str(value).lower()
    return "|".join(map(text, value)) if isinstance(value, (list, tuple)) else str(value)


def mentioned(given: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every `${name}` in a value, with the path of the text that mentions it."""
    if isinstance(given, str):
        yield from ((path, name) for name in sorted(placeholders(given)))
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from mentioned(value, (*path, key))
    elif isinstance(given, (list, tuple)):
        for index, value in enumerate(given):
            yield from mentioned(value, (*path, index))


def good_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name))
