"""Reads the common shapes of health documents: names and states, nothing else of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec

_MOST = 200
_DEEPEST = 4
_LISTS = ("components", "dependencies", "checks", "services", "subsystems")
_MIXED = ("details", "entries", "results", "health")  # may hold other things than components, too
_STATES = (
    "status",
    "state",
    "health",
    "healthy",
    "ok",
    "up",
    "result",
    "available",
    "connected",
    "reachable",
)
_NAMES = ("name", "component", "componentName", "service", "dependency", "id", "key")
_NAME = re.compile(r"[A-Za-z0-9 ._:/-]{1,64}")


class State(str, Enum):
    """What a component says of itself."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNCLEAR = "unclear"  # a word or shape that is not known; it is not kept


_WORDS = {
    State.OK: "ok okay up healthy pass passed passing true available connected online ready alive running "
    "operational green good success successful reachable normal active serving",
    State.DEGRADED: "degraded warn warning partial yellow slow impaired",
    State.DOWN: "down error errored fail failed failing failure unhealthy critical fatal out_of_service "
    "offline unavailable disconnected unreachable timeout false dead red not_ready stopped broken "
    "not_serving outage",
}
_BY_WORD = {word: state for state, words in _WORDS.items() for word in words.split()}
_WORST = [State.DOWN, State.UNCLEAR, State.DEGRADED, State.OK]


class Component(msgspec.Struct, frozen=True):
    """One dependency of a health document; a nested one is named `db/primary`."""

    name: str
    state: State
    certain: bool = True  # False: a lone boolean that may be a setting and no dependency


class Health(msgspec.Struct, frozen=True):
    """A health document: its own state, if it tells one, and its components."""

    overall: State | None
    components: tuple[Component, ...] = ()


def health_of(document: object) -> Health | None:
    """The states in a decoded JSON document; None when it is no object."""
    if not isinstance(document, dict):
        return None
    components = [*_listed(document, "", 0)] or [*_flat(document)]
    return Health(_own_state(document), tuple(components[:_MOST]))


def _own_state(thing: dict[str, Any]) -> State | None:
    """The worst of its state members; a word that is not known counts only when it is alone."""
    states = [
        state_of(thing[key]) for key in _STATES if key in thing and not isinstance(thing[key], (dict, list))
    ]
    known = [state for state in states if state is not State.UNCLEAR]
    return min(known or states, key=_WORST.index, default=None)


def state_of(value: object) -> State:
    """A state word or boolean in our terms."""
    if isinstance(value, bool):
        return State.OK if value else State.DOWN
    if not isinstance(value, str):
        return State.UNCLEAR
    return _BY_WORD.get(value.strip().lower().replace(" ", "_").replace("-", "_"), State.UNCLEAR)


def _listed(thing: dict[str, Any], prefix: str, depth: int) -> Iterator[Component]:
    """The components in the document's own lists of them (`components`, `checks`, ...)."""
    for key in _LISTS:
        for name, value in _members(thing.get(key)):
            yield from _component(_join(prefix, name), value, depth)
    for key in _MIXED:
        for name, value in _members(thing.get(key)):
            yield from (one for one in _component(_join(prefix, name), value, depth) if _tells(one))


def _members(inside: object) -> Iterator[tuple[str, Any]]:
    if isinstance(inside, dict):
        yield from inside.items()
    elif isinstance(inside, list):
        yield from ((_name_in(value, number), value) for number, value in enumerate(inside))


def _component(name: str, value: object, depth: int) -> Iterator[Component]:
    if isinstance(value, list):
        states = [_state_in(one) for one in value]
        yield Component(name, min(states, key=_WORST.index, default=State.UNCLEAR))
        return
    yield Component(name, _state_in(value))
    if isinstance(value, dict) and depth < _DEEPEST:
        yield from (one for one in _listed(value, name, depth + 1) if _tells(one))


def _tells(component: Component) -> bool:
    """Details below a component (version, url) that are no states are no components."""
    return component.state is not State.UNCLEAR


def _state_in(value: object) -> State:
    if not isinstance(value, dict):
        return state_of(value)
    own = _own_state(value)
    return State.UNCLEAR if own is None else own


def _flat(document: dict[str, Any]) -> Iterator[Component]:
    """`{"status": "ok", "database": "ok", "redis": true}`: the members whose value is a state."""
    for name, value in document.items():
        if name in _STATES:
            continue
        if isinstance(value, bool):
            yield Component(_clean(name), state_of(value), certain=False)
        elif isinstance(value, (str, dict)) and (state := _state_in(value)) is not State.UNCLEAR:
            yield Component(_clean(name), state)


def _name_in(value: object, number: int) -> str:
    names = (
        [value[key] for key in _NAMES if isinstance(value.get(key), str)] if isinstance(value, dict) else []
    )
    return names[0] if names else f"number {number + 1}"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}/{_clean(name)}" if prefix else _clean(name)


def _clean(name: str) -> str:
    """A name that could be a connection string or markup is not kept."""
    return name if _NAME.fullmatch(name) and "://" not in name else "unnamed"
