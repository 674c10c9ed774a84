"""Reads health documents: names and states, nothing else of the document.

Known forms: Spring Boot actuator (`components`, `details`), ASP.NET (`entries`, or one word), MicroProfile, IETF
health+json, Kafka Connect (`connector`, `tasks`), GitLab (lists of one object), django-health-check (names and
words), Terminus (`info`, `error`), Dropwizard, and `{"status": ...}` with anything beside it. No part is dropped: a
word for down counts wherever it stands, and a word that is not known leaves its part unclear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from opsproof.sources.http import words
from opsproof.sources.http.words import WORST, State

_MOST = 200
_DEEPEST = 8
_NAME = re.compile(r"[A-Za-z0-9 ._:/-]{1,64}")
_LONGEST_WORD = 32
_NOTHING = {"", "-", "n/a", "no", "none", "null"}
_CONTAINERS = {"components", "details", "entries", "indicators", "connector"}


class Component(msgspec.Struct, frozen=True):
    """One dependency of a health document; a nested one is named `db/primary`."""

    name: str
    state: State
    certain: bool = True  # False: it may be a setting and no dependency; counts where a row names it


class Health(msgspec.Struct, frozen=True):
    """A health document: its own state, if it tells one, and its components.

    `listed`: it lists components in a form that is known. `left_out`: so many more there were, none of them
    worse than those that are kept.
    """

    overall: State | None
    components: tuple[Component, ...] = ()
    listed: bool = False
    left_out: int = 0


def health_of(document: object) -> Health | None:
    """The states in a decoded JSON document, or in a text of one word; None when it can be no health document."""
    if isinstance(document, str):
        state = state_of(document) if len(document) <= _LONGEST_WORD else State.UNCLEAR
        return None if state is State.UNCLEAR else Health(state)
    if isinstance(document, list):
        return _made(None, [*_items("", document, 0)], listed=True) if _tells_states(document) else None
    if not isinstance(document, dict):
        return None
    overall, listed = _own_state(document), _lists(document)
    found = [*_inside(document, "", 0)]
    if overall is None and not listed and not any(part.certain and _tells(part) for part in found):
        # Nothing in it is a state that is known: any other document.
        found = [msgspec.structs.replace(part, certain=False) for part in found]
    return _made(overall, found, listed=listed)


def overall_of(document: object) -> Health | None:
    """The document's own state alone, for those that are too large to be looked through."""
    return Health(_own_state(document)) if isinstance(document, dict) else None


def state_of(value: object) -> State:
    """A state word or boolean in our terms; of a sentence, what it begins with or unmistakably says."""
    if isinstance(value, bool):
        return State.OK if value else State.DOWN
    if not isinstance(value, str):
        return State.UNCLEAR
    text = value[:1000].strip().lower()
    if (known := words.BY_WORD.get(_plain(text.rstrip(".!")))) is not None:
        return known
    if any(phrase in text for phrase in words.NO_CONNECTION):
        return State.DOWN
    begins = (
        words.BY_WORD.get(_plain(text.partition(":")[0]), State.UNCLEAR) if ":" in text else State.UNCLEAR
    )
    return State.UNCLEAR if begins is State.OK else begins  # what follows "ok:" may be a reservation


def _made(overall: State | None, found: list[Component], *, listed: bool) -> Health:
    """Each name once, by its worst state; where there are too many, the worst are kept."""
    worst: dict[str, Component] = {}
    for part in found:
        known = worst.get(part.name)
        if known is None or _rank(part) < _rank(known):
            worst[part.name] = part
    parts = [*worst.values()]
    if len(parts) > _MOST:
        parts = sorted(parts, key=_rank)[:_MOST]
    return Health(overall, tuple(parts), listed, len(worst) - len(parts))


def _rank(part: Component) -> tuple[bool, int]:
    return (not part.certain, WORST.index(part.state))


def _plain(word: str) -> str:
    return word.strip().replace(" ", "_").replace("-", "_")


def _key(name: str) -> str:
    return _plain(name[:64].lower())


def _own_state(thing: dict[str, Any]) -> State | None:
    """The worst of its state members; in those that may be data, only words that are known count."""
    states = []
    for name, value in thing.items():
        key = _key(name)
        if isinstance(value, (dict, list)) or value is None or key not in (*words.STATES, *words.WEAK_STATES):
            continue
        state = _coded(value) if key in words.STATES else state_of(value)
        if key in words.STATES or state is not State.UNCLEAR:
            states.append(state)
    return min(states, key=WORST.index, default=None)


def _coded(value: object) -> State:
    """A state, which may be an HTTP status."""
    if isinstance(value, int) and not isinstance(value, bool):
        return State.OK if 200 <= value < 300 else State.DOWN if 400 <= value < 600 else State.UNCLEAR
    return state_of(value)


def _inside(thing: dict[str, Any], prefix: str, depth: int) -> Iterator[Component]:
    """The parts of a document or component, in all its members."""
    if depth > _DEEPEST:
        yield Component(prefix or "unnamed", State.UNCLEAR)
        return
    for name, value in thing.items():
        key = _key(name)
        if key in words.LISTS and isinstance(value, (dict, list)):
            yield from _members(key, value, prefix, depth)
        elif key in words.MIXED and isinstance(value, (dict, list)):
            yield from _mixed(key, value, prefix, depth)
        elif key in words.STATES or key in words.WEAK_STATES or key in words.ABOUT:
            continue
        elif key in words.COMPLAINTS and isinstance(value, (dict, list)):
            yield from [Component(_join(prefix, name), State.DOWN)] if value else []
        elif depth == 0:
            yield from _flat(name, value)
        else:
            yield from _beside(_join(prefix, name), value, depth)


def _members(key: str, inside: dict[str, Any] | list[Any], prefix: str, depth: int) -> Iterator[Component]:
    """What a list of components holds: each of them is one."""
    if isinstance(inside, dict):
        for name, value in inside.items():
            yield from _component(_join(prefix, name), value, depth)
        return
    for number, value in enumerate(inside):
        # Kafka Connect numbers its tasks; elsewhere the name says enough.
        name = _name_in(value, number)
        yield from _component(_join(prefix, f"tasks/{name}" if key == "tasks" else name), value, depth)


def _component(name: str, value: object, depth: int) -> Iterator[Component]:
    """One member of a list of components, and what stands in it."""
    if isinstance(value, list):
        yield from _items(name, value, depth)
        return
    if not isinstance(value, dict):
        yield Component(name, state_of(value))
        return
    own = _own_state(value)
    inner = [*_inside(value, name, depth + 1)]
    if own is not None:
        yield Component(name, own)
    elif not inner and not _is_measurement(value):
        yield Component(name, State.UNCLEAR)
    yield from inner


def _items(name: str, values: list[Any], depth: int) -> Iterator[Component]:
    """A component that is a list of answers (IETF, GitLab): as well as its worst, or each under its name."""
    judged = [value for value in values if not (isinstance(value, dict) and _is_measurement(value))]
    if judged and all(isinstance(value, dict) and _named(value) for value in judged):
        for number, value in enumerate(judged):
            yield from _component(_join(name, _name_in(value, number)), value, depth)
        return
    found = [part for value in judged for part in _component(name, value, depth)]
    if not found and not values:
        found = [Component(name or "unnamed", State.UNCLEAR)]
    yield from found


def _mixed(key: str, inside: dict[str, Any] | list[Any], prefix: str, depth: int) -> Iterator[Component]:
    """What may be components or details: objects and lists with states are components, words where they stand alone."""
    if isinstance(inside, list):
        yield from _members(key, inside, prefix, depth) if _tells_states(inside) else []
        return
    free = key in {"details", "data"} and depth > 0
    for name, value in inside.items():
        path = _join(prefix, name)
        if isinstance(value, (dict, list)):
            stated = not free and isinstance(value, dict) and _own_state(value) is not None
            yield from (one for one in _component(path, value, depth) if stated or _tells(one))
        elif depth == 0:
            yield from _alone(path, name, value, loose=key in {"details", "data", "info"})
        else:
            yield from _beside(path, value, depth)


def _alone(path: str, name: str, value: object, *, loose: bool) -> Iterator[Component]:
    """A single word or boolean: a component's state, or a setting."""
    if not isinstance(value, str):
        yield Component(path, state_of(value), certain=_depended_on(name) and isinstance(value, bool))
    elif not _graded(name) and value.strip().lower() not in _NOTHING:
        state = state_of(value)
        stated = state is not State.UNCLEAR or (not loose and not _is_datum(value))
        yield Component(path, state, certain=stated or _depended_on(name))


def _beside(name: str, value: object, depth: int) -> Iterator[Component]:
    """What stands in a component beside its state: further components, and single words that say down."""
    if isinstance(value, dict):
        own = _own_state(value)
        yield from [Component(name, own)] if own is not None else []
        yield from (one for one in _inside(value, name, depth + 1))
    elif isinstance(value, list):
        yield from _items(name, value, depth) if _tells_states(value) else []
    elif isinstance(value, str) and not _graded(name.rpartition("/")[2]) and _says_down(value):
        yield Component(name, State.DOWN)


def _flat(name: str, value: object) -> Iterator[Component]:
    """`{"status": "ok", "database": "ok", "redis": true}`: a member of the document itself."""
    clean = _clean(name)
    if isinstance(value, dict):
        inner = [*_beside(clean, value, 0)]
        yield from inner or ([Component(clean, State.UNCLEAR)] if _depended_on(name) else [])
    elif not isinstance(value, list):
        yield from _alone(clean, name, value, loose=False)
    elif _tells_states(value):
        yield from _items(clean, value, 0)
    elif any(isinstance(one, str) and _says_down(one) for one in value):
        yield Component(clean, State.DOWN)


def _says_down(value: str) -> bool:
    return len(value) <= _LONGEST_WORD and value != "false" and state_of(value) is State.DOWN


def _tells(component: Component) -> bool:
    """Details (a version, a url) that are no states are no components."""
    return component.state is not State.UNCLEAR


def _tells_states(values: Iterable[object]) -> bool:
    """Whether a list is one of components: objects, of which each has a state."""
    found = [*values]
    return bool(found) and all(isinstance(one, dict) and _own_state(one) is not None for one in found)


def _lists(document: dict[str, Any]) -> bool:
    """Whether a document lists its components in a form that is known."""
    return any(
        (key in words.LISTS or key in _CONTAINERS) and isinstance(value, (dict, list)) and bool(value)
        for key, value in ((_key(name), value) for name, value in document.items())
    )


def _is_measurement(value: dict[str, Any]) -> bool:
    """IETF health+json: an observed value that tells no state."""
    return "observedValue" in value and _own_state(value) is None


def _depended_on(name: str) -> bool:
    """Whether a member's name says that it is something the application depends on."""
    head, _, last = _key(name).rpartition("_")
    if last in words.DEPENDENCIES:
        return True
    return bool(head) and (last in words.WEAK_STATES or last in words.STATES or last == "check")


def _graded(name: str) -> bool:
    key = _key(name)
    return key in words.ABOUT or any(key == word or key.endswith(f"_{word}") for word in words.GRADES)


def _is_datum(text: str) -> bool:
    """A version, a time, an address: no word that could be a state."""
    letters = text.replace("_", "").replace("-", "").replace(" ", "")
    return len(text) > _LONGEST_WORD or not letters.isalpha()


def _named(value: dict[str, Any]) -> bool:
    return any(_key(name) in words.NAMES for name in value)


def _name_in(value: object, number: int) -> str:
    """The name that an entry of a list gives itself."""
    if isinstance(value, dict):
        keyed = {_key(name): inside for name, inside in value.items()}
        for key in words.NAMES:
            if isinstance(keyed.get(key), (str, int)) and not isinstance(keyed[key], bool):
                return str(keyed[key])
    return f"number {number + 1}"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}/{_clean(name)}" if prefix else _clean(name)


def _clean(name: str) -> str:
    """A name that could be a connection string or markup is not kept."""
    return name if _NAME.fullmatch(name) and "://" not in name else "unnamed"
