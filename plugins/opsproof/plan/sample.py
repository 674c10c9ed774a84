"""What a check would ask: its arguments, tried with sample limits and no environment."""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from opsproof.model.argument import fill, placeholders
from opsproof.model.ask import Ask
from opsproof.model.limits import Limits
from opsproof.model.target import Target
from opsproof.model.units import Duration, Unit

# What a text in a scope may have to be: a name, a URL, a host and port, an object.
_TEXTS = (
    "${%s}",
    "https://${%s}/",
    "${%s}:443",
    "${namespace}/${%s}",
    "%s",
    "deployment/%s",
    "1",
    "up",
    "prometheus",
)
_BARE = (None, "", "_seconds_bucket")
_MINUTES = 300.0


@dataclass(frozen=True)
class SampleContext:
    """Every target is there, and every name stands for itself.

    `bare`: where a selector has to be one, a name without its braces, and with this end.
    """

    limits: Any
    bare: str | None = None
    seen: set[str] = field(default_factory=set)

    def target(self, kind: str) -> Target:
        return Target(kind, kind, kind, None)

    def role(self, role: str) -> Target:
        return Target(role, role, role, None)

    def fill(self, template: str) -> str:
        names = placeholders(template)
        self.seen.update(names)
        if self.bare is None:
            return template
        own = {name: getattr(self.limits, name, None) for name in names}
        return fill(template, {name: value or name + self.bare for name, value in own.items()})

    def names(self, name: str) -> tuple[str, ...]:
        self.seen.add(name)
        return (f"${{{name}}}",)


@dataclass(frozen=True)
class Sampled:
    """One argument's asks, and the names of the environment that they take.

    `always`: with the defaults, too, and not only where the row sets something.
    """

    asks: tuple[Ask, ...] = ()
    names: frozenset[str] = frozenset()
    always: bool = False


def sampled(source: Any, limits: type[Limits]) -> Sampled:
    """What an argument asks; nothing where no sample serves."""
    for full, bare, text in itertools.product((False, True), _BARE, _TEXTS):
        context = SampleContext(_limits(limits, text, full=full), bare)
        if asks := _asked(source, context):
            return Sampled(asks, frozenset(context.seen), always=not full)
    return Sampled()


def _asked(source: Any, context: SampleContext) -> tuple[Ask, ...]:
    try:
        return tuple(source.asks(context))
    except Exception:  # noqa: BLE001
        # Whatever an argument thinks of a sample: the next one may serve.
        return ()


def _limits(kind: type[Limits], text: str, *, full: bool) -> Any:
    """The defaults, with a sample for what has none; `full`: also for what is empty by default."""
    values: dict[str, Any] = {}
    for name, one in kind.model_fields.items():
        default = None if one.is_required() else one.get_default(call_default_factory=True)
        values[name] = default
        if one.is_required() or (full and not default):
            values[name] = _sample(one.annotation, name, text)
    return kind.model_construct(**values)


def _sample(annotation: Any, name: str, text: str) -> Any:
    written = text % name if "%s" in text else text
    for form in _forms(annotation):
        if isinstance(form, type) and issubclass(form, Unit):
            return form(_MINUTES if issubclass(form, Duration) else 1)
        if form is bool:
            return True
        if form in {tuple, list}:
            return (written,)
        if form is dict:
            return {}
    return written


def _forms(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows, without what wraps them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _forms(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _forms(part)
    elif isinstance(origin, type) and origin not in {tuple, list, dict}:
        yield from (one for part in get_args(annotation) for one in _forms(part))
    else:
        yield origin or annotation


__all__ = ["SampleContext", "Sampled", "sampled"]
