"""What there is to know of a check and of a source before they are used, as data."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

import msgspec

from opsproof.cli.meanings import meanings
from opsproof.environment.kinds import kinds, settings_of
from opsproof.examine.check import Check
from opsproof.model.ask import Ask
from opsproof.model.limits import AtLeast, AtMost, Limits
from opsproof.model.rights import Rights
from opsproof.model.source import load
from opsproof.model.units import Bytes, Cores, Count, Duration, Percent, Unit
from opsproof.plan.sample import sampled

_UNITS: Mapping[type[Unit], str] = {
    Duration: "duration (5m)",
    Percent: "percent (5%)",
    Bytes: "size (10Mi)",
    Cores: "CPU cores (500m)",
    Count: "number",
}


class LimitInfo(msgspec.Struct, frozen=True):
    """A key of a row's `limits` or `scope`."""

    name: str
    section: str
    form: str
    default: str
    required: bool
    meaning: str


class AskInfo(msgspec.Struct, frozen=True):
    """What an argument asks, and of which source; `always` False: only where the row sets something."""

    argument: str
    source: str
    ask: str
    fields: dict[str, str]
    needs: tuple[str, ...]
    always: bool


class CheckInfo(msgspec.Struct, frozen=True):
    """A check; `names` are what its asks take from the environment's names and metrics."""

    name: str
    title: str
    level: str
    risk: str
    limits: tuple[LimitInfo, ...]
    asks: tuple[AskInfo, ...]
    names: tuple[str, ...]


class KeyInfo(msgspec.Struct, frozen=True):
    """A key of a target of an environment."""

    name: str
    form: str
    required: bool


class SourceInfo(msgspec.Struct, frozen=True):
    """A kind of target; without keys, facts on targets of another kind."""

    name: str
    title: str
    says: str
    keys: tuple[KeyInfo, ...]
    identities: tuple[str, ...]
    asks: tuple[str, ...]
    needs: tuple[str, ...]
    install: str


def check_info(check: Check) -> CheckInfo:
    """Everything that a row's author needs to know."""
    asks = tuple(_asks(check))
    own = set(check.limits.model_fields)
    mentioned = {name for source in check.sources.values() for name in sampled(source, check.limits).names}
    return CheckInfo(
        name=check.name,
        title=check.title,
        level=check.level.value,
        risk=check.risk,
        limits=tuple(_limits(check.limits)),
        asks=asks,
        names=tuple(sorted(mentioned - own)),
    )


def _limits(kind: type[Limits]) -> Iterator[LimitInfo]:
    says = meanings(kind)
    scoped = kind.scoped_fields()
    for name, field in kind.model_fields.items():
        required = field.is_required()
        default = "" if required else _default(field.get_default(call_default_factory=True))
        section = "scope" if name in scoped else "limits"
        yield LimitInfo(name, section, _form(field.annotation), default, required, says.get(name, ""))


def _default(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None or value == "" else str(value)


def _form(annotation: Any) -> str:
    """What is written there, in the words of people."""
    found = [part for part in _parts(annotation) if part is not type(None)]
    for part in found:
        if isinstance(part, type) and issubclass(part, Unit):
            bound = "at most: " if AtMost in found else "at least: " if AtLeast in found else ""
            return bound + _UNITS.get(part, part.__name__)
        if getattr(part, "__origin__", None) is Literal:
            return " or ".join(map(str, get_args(part)))
    words = {bool: "true or false", str: "text", int: "number", float: "number", dict: "mapping"}
    listed = "list of " if tuple in found or list in found else ""
    return listed + next((words[one] for one in found if one in words), "text")


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation's types, from the outside in."""
    origin = getattr(annotation, "__origin__", None)
    yield origin if isinstance(origin, type) else annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _asks(check: Check) -> Iterator[AskInfo]:
    for argument, source in check.sources.items():
        found = sampled(source, check.limits)
        for ask in found.asks:
            tag = _tag(ask)
            needs = tuple(str(need) for need in ask.needs)
            yield AskInfo(argument, _source_of(tag), tag, _fields(ask), needs, found.always)


def _tag(ask: Ask) -> str:
    return str(type(ask).__struct_config__.tag)


def _source_of(tag: str) -> str:
    claims = ((name, kind) for name, kind in kinds().items() if any(map(tag.startswith, kind.claims)))
    return next((name for name, _ in claims), "")


def _fields(ask: Ask) -> dict[str, str]:
    """Its parameters, as far as they are set."""
    values = {name: getattr(ask, name) for name in ask.__struct_fields__ if name not in {"target", "role"}}
    return {name: str(value) for name, value in values.items() if value not in ("", None, 0, 0.0, ())}


def source_infos() -> Iterator[SourceInfo]:
    """Every installed source, by its name."""
    for name, kind in sorted(kinds().items()):
        settings = settings_of(name) if kind.settings else None
        rights: Rights | None = load(kind.rights) if kind.rights else None
        yield SourceInfo(
            name=name,
            title=kind.title,
            says=inspect.getdoc(settings) or "" if settings else "",
            keys=tuple(_keys(settings)) if settings else (),
            identities=tuple(settings.identities) if settings else (),
            asks=kind.claims,
            needs=tuple(str(need) for need in rights.identity) if rights else (),
            install=kind.install,
        )


def _keys(settings: Any) -> Iterator[KeyInfo]:
    for name, field in settings.model_fields.items():
        if name != "kind":
            yield KeyInfo(name, _key_form(field.annotation, field.metadata), field.is_required())


def _key_form(annotation: Any, metadata: Iterable[Any]) -> str:
    from opsproof.environment.references import SecretRef

    parts = list(_parts(annotation))
    if SecretRef in parts:
        return "{env: NAME} or {file: PATH}" + (" by name" if dict in parts else "")
    if any(getattr(part, "__name__", "") == "BudgetShape" for part in parts):
        return "in_flight, rate, deadline, max_bytes"
    if any(getattr(part, "__name__", "") == "Path" for part in parts):
        return "path"
    return _form(annotation)
