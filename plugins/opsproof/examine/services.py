"""Which series a row's services are measured by, and everything that is asked about their requests.

traffic: Annotated[tuple[Traffic, ...], TrafficOf()]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from opsproof.examine.beside import Beside
from opsproof.model.argument import Answer, Argument, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.limits import Limits, Scoped
from opsproof.sources.prometheus.facts import PromQL, Recorded
from opsproof.sources.prometheus.growth import growth
from opsproof.sources.prometheus.known import Matched
from opsproof.sources.prometheus.presets import PRESETS
from opsproof.sources.prometheus.reading.errors import Failing
from opsproof.sources.prometheus.reading.matchers import parsed
from opsproof.sources.prometheus.reading.parse import selector
from opsproof.sources.prometheus.reading.promql import Selector

_Told = TypeVar("_Told")
Parts = Mapping[str, Argument]  # what is asked, by its name

# The name of the unit -> seconds, and the ends of metrics' names that say it.
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "m": 60.0}
_ENDINGS = {
    "seconds": "s", "milliseconds": "ms", "millis": "ms", "ms": "ms", "msec": "ms", "microseconds": "us",
    "us": "us", "nanoseconds": "ns", "ns": "ns", "minutes": "m",
}  # fmt: skip


class Service(BaseModel):
    """How one service is measured; what is not said comes from the preset, or from the environment's metrics.

    `matchers` narrow every selector: `app="cart"`. `errors` is a selector, or matchers on top of `requests`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = ""
    matchers: str = ""
    requests: str = ""
    errors: str = ""
    buckets: str = ""
    unit: str = ""

    @model_validator(mode="before")
    @classmethod
    def _only_matchers(cls, given: object) -> object:
        return {"matchers": given} if isinstance(given, str) else given

    @field_validator("preset")
    @classmethod
    def _is_known(cls, given: str) -> str:
        if given and given not in PRESETS:
            raise ValueError(f"{given!r} is no preset; write one of {', '.join(PRESETS)}")
        return given

    @field_validator("matchers")
    @classmethod
    def _are_matchers(cls, given: str) -> str:
        parsed(given)
        return given

    @field_validator("unit")
    @classmethod
    def _is_a_unit(cls, given: str) -> str:
        if given and given not in UNITS:
            raise ValueError(f"{given!r} is no unit of time; write one of {', '.join(UNITS)}")
        return given

    def __str__(self) -> str:
        return " ".join(str(value) for value in self.model_dump(exclude_defaults=True).values())


class ServiceLimits(Limits):
    """`services`: name -> matchers, or how it is measured. Without them: the environment's one service."""

    services: Scoped[dict[str, Service]] = {}
    preset: Scoped[str] = ""
    matchers: Scoped[str] = ""
    unit: Scoped[str] = ""

    @field_validator("preset")
    @classmethod
    def _is_known(cls, given: str) -> str:
        return Service(preset=given).preset

    @field_validator("matchers")
    @classmethod
    def _are_matchers(cls, given: str) -> str:
        return Service(matchers=given).matchers

    @field_validator("unit")
    @classmethod
    def _is_a_unit(cls, given: str) -> str:
        return Service(unit=given).unit

    def measured(self) -> dict[str, Service]:
        """Each service with what the row says of all of them; "" is the environment's one service."""
        common = {"preset": self.preset, "unit": self.unit}
        found = {}
        for name, one in (self.services or {"": Service()}).items():
            own = {key: value for key, value in one.model_dump().items() if value}
            both = ",".join(filter(None, (self.matchers.strip("{} "), one.matchers.strip("{} "))))
            found[name] = Service(**{**common, **own, "matchers": both})
        return found


def selected(service: Service, what: str, context: Context) -> Selector:
    """The service's selector of `requests`, `errors` or `buckets`.

    Raises:
        NotConfigured: neither the row nor the environment names it, or it is no selector.
    """
    preset = PRESETS.get(service.preset)
    text = getattr(service, what) or (getattr(preset, what) if preset else "") or _NAMED[what]
    text = context.fill(text)
    try:
        if what == "errors" and (more := _bare(text)):
            base = selected(service, "requests", context)
            return Selector(base.name, (*base.matchers, *more))
        found = selector(text)
        return Selector(found.name, (*found.matchers, *parsed(context.fill(service.matchers))))
    except ValueError as error:
        raise NotConfigured(f"{what} of the service cannot be read: {error}") from None


_NAMED = {"requests": "${http_requests}", "errors": "${http_errors}", "buckets": "${http_duration_buckets}"}


def _bare(text: str) -> tuple[Any, ...]:
    """The matchers of a text that is nothing but matchers; empty for a selector with a metric."""
    try:
        found = parsed(text)
    except ValueError:
        return ()
    return () if any(one.name == "__name__" for one in found) else found


def seconds_per_unit(buckets: Selector, unit: str) -> float:
    """What 1 of the histogram's boundaries is in seconds: as the row says, or the metric's name.

    Raises:
        NotConfigured: neither tells.
    """
    ending = buckets.name.removesuffix("_bucket").rpartition("_")[2].rpartition(".")[2].lower()
    told = unit or _ENDINGS.get(ending, "")
    if not told:
        raise NotConfigured(
            f"the unit of {buckets.name or buckets} is not told by its name; write `unit: ms` (or s) in scope"
        )
    return UNITS[told]


class Traffic(msgspec.Struct, frozen=True):
    """The answers about one service's requests; each may be the Failure to get it."""

    name: str
    requests: Selector
    errors: Selector
    found: Mapping[str, Any]

    @property
    def failing(self) -> Failing:
        return Failing(self.requests, self.errors)


class Latency(msgspec.Struct, frozen=True):
    """The answers about how long one service's requests take; `scale`: seconds of 1 in the boundaries."""

    name: str
    buckets: Selector
    scale: float
    found: Mapping[str, Any]


class _OfServices(msgspec.Struct, Generic[_Told], frozen=True):
    """What each service of the row is asked, in parts of their own."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(
            ask
            for _, parts in self._services(context)
            for part in parts.values()
            for ask in part.asks(context)
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[_Told, ...]:
        rest = iter(answers)
        return tuple(told(_assembled(parts, rest, context)) for told, parts in self._services(context))

    def problems(self, context: Context) -> tuple[str, ...]:
        """What is wrong with the row or the environment, without asking anybody."""
        try:
            self.asks(context)
        except NotConfigured as error:
            return (error.message,)
        return ()

    def _services(self, context: Context) -> Iterator[tuple[Callable[[Mapping[str, Any]], _Told], Parts]]:
        """Of each service what its answers make, and the parts that are asked for them."""
        raise NotImplementedError


class TrafficOf(_OfServices[Traffic], frozen=True):
    """Requests and failed ones of each service of the row, with the proof that failed ones would be seen."""

    def _services(self, context: Context) -> Iterator[tuple[Callable[[Mapping[str, Any]], Traffic], Parts]]:
        for name, service in _measured(context).items():
            requests = selected(service, "requests", context)
            errors = selected(service, "errors", context)
            parts: dict[str, Argument] = {
                "errors": PromQL(growth(str(errors))),
                "total": PromQL(growth(str(requests))),
                "recording": Recorded(str(requests)),
                "known": Matched(str(requests)),
            }
            labels = Failing(requests, errors).labels
            if labels is None:
                parts["known_errors"] = Matched(str(errors))
            elif labels:
                by = f"by ({', '.join(labels)})"
                parts["borne"] = PromQL(growth(str(requests), by), over="")
            yield partial(Traffic, name, requests, errors), parts


class LatencyOf(_OfServices[Latency], frozen=True):
    """The histogram of each service of the row."""

    def _services(self, context: Context) -> Iterator[tuple[Callable[[Mapping[str, Any]], Latency], Parts]]:
        for name, service in _measured(context).items():
            buckets = selected(service, "buckets", context)
            preset = PRESETS.get(service.preset)
            unit = service.unit or (preset.unit if preset and not service.buckets else "")
            yield (
                partial(Latency, name, buckets, seconds_per_unit(buckets, unit)),
                {
                    "buckets": PromQL(growth(str(buckets), "by (le)")),
                    "recording": Recorded(str(buckets)),
                    "known": Matched(str(buckets)),
                },
            )


def _measured(context: Context) -> dict[str, Service]:
    limits = context.limits
    return limits.measured() if isinstance(limits, ServiceLimits) else {"": Service()}


def _assembled(parts: Parts, answers: Iterator[Answer[Any]], context: Context) -> dict[str, Any]:
    """Each part's own answers; one that failed leaves the other services alone."""
    return {
        name: Beside(part).assemble([next(answers) for _ in part.asks(context)], context)
        for name, part in parts.items()
    }
