"""Kinds of sources, ours and other people's: found by the entry point `opsproof.sources`, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from opsproof.model.failure import NotConfigured
from opsproof.model.source import SourceKind, load

GROUP = "opsproof.sources"


class KindError(Exception):
    """A source that is installed and cannot be used: its message is for who installed or wrote it."""


@cache
def kinds() -> Mapping[str, SourceKind]:
    """All installed sources by name.

    Raises:
        KindError: one of them is none, or two claim the same name or tag.
    """
    return collected(entry_points(group=GROUP))


def collected(points: Iterable[EntryPoint]) -> Mapping[str, SourceKind]:
    """The sources behind entry points. Raises KindError as `kinds`."""
    found: dict[str, SourceKind] = {}
    values: dict[str, str] = {}
    for point in sorted(points, key=lambda one: (one.name, one.value)):
        if values.get(point.name, point.value) != point.value:
            raise KindError(
                f"source {point.name!r} is installed twice: as {values[point.name]} and as {point.value}"
            )
        values[point.name] = point.value
        found[point.name] = _loaded(point)
    _refuse_shared(found)
    return found


def _loaded(point: EntryPoint) -> SourceKind:
    try:
        made = point.load()
    except Exception as error:  # noqa: BLE001
        # Another project's module may raise anything; its name is what helps.
        raise KindError(f"source {point.name!r} ({point.value}) cannot be imported: {error}") from None
    if not isinstance(made, SourceKind):
        raise KindError(f"source {point.name!r} ({point.value}) is no SourceKind")
    return made


def _refuse_shared(found: Mapping[str, SourceKind]) -> None:
    owner: dict[str, str] = {}
    for name, kind in found.items():
        for tag in kind.claims:
            for known, other in owner.items():
                if tag.startswith(known) or known.startswith(tag):
                    raise KindError(f"sources {other!r} and {name!r} both claim asks that begin with {tag!r}")
        owner |= dict.fromkeys(kind.claims, name)


def targeted() -> Mapping[str, SourceKind]:
    """The kinds that a target can be of."""
    return {name: kind for name, kind in kinds().items() if kind.settings}


def settings_of(kind: str) -> Any:
    """The settings' class of a kind. Raises KindError."""
    source = kinds()[kind]
    try:
        return load(source.settings)
    except (ImportError, AttributeError) as error:
        raise KindError(
            f"the settings of source {kind!r} ({source.settings}) cannot be had: {error}"
        ) from None


def collector_of(kind: str) -> Any:
    """The collector's class of a kind.

    Raises:
        NotConfigured: no such kind, or its library is not installed; says what to install.
    """
    source = kinds().get(kind)
    if source is None or not source.collector:
        raise NotConfigured(f"no collector for targets of kind {kind!r}")
    try:
        return load(source.collector)
    except ImportError as missing:
        hint = f": pip install '{source.install}'" if source.install else ""
        needed = (missing.name or "it").partition(".")[0]
        raise NotConfigured(f"{source.title} needs the package {needed}{hint}") from None
