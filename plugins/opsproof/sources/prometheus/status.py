"""What Prometheus says about itself: targets, rules, the Alertmanagers it knows, readiness."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.listing import Listing
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.prometheus.reading.matchers import workload_of


class ScrapeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An active target. `problem` is a class of error, since the text of one may repeat a URL."""

    labels: dict[str, str]
    health: str
    last_scrape: datetime | None = None
    interval: float = 0.0
    problem: str = ""

    @property
    def job(self) -> str:
        return self.labels.get("job", "")

    @property
    def namespace(self) -> str:
        return self.labels.get("namespace", "")

    @property
    def subject(self) -> Subject:
        pod, instance = self.labels.get("pod", ""), self.labels.get("instance", "")
        stable = workload_of(pod) or instance
        return Subject("target", f"{self.job}/{instance}", self.namespace, f"{self.job}/{stable}")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded rule; `lasting` is its `for` in seconds; `evaluated` is None before the first time."""

    name: str
    query: str
    alerting: bool
    health: str
    lasting: float = 0.0
    labels: dict[str, str] = {}
    evaluated: datetime | None = None


class RuleGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded group; `interval` in seconds."""

    name: str
    interval: float
    rules: tuple[Rule, ...]


class KnownAlertmanagers(msgspec.Struct, frozen=True, kw_only=True):
    """`host:port` of each Alertmanager to which Prometheus sends, and how many it dropped."""

    active: tuple[str, ...]
    dropped: int = 0


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """`retention` in seconds; None when only a size bounds it, or it is not told.

    `reload_ok` is None where the server does not tell it.
    """

    started: datetime | None
    retention: float | None
    reload_ok: bool | None = None


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `/-/ready`; `ready` is true only for 200 with the component's own short text."""

    status: int
    ready: bool


class AskTargets(Ask, frozen=True, kw_only=True, tag="prometheus/targets"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v1/targets"),)
    answer: ClassVar[Any] = tuple[ScrapeTarget, ...]


class AskRules(Ask, frozen=True, kw_only=True, tag="prometheus/rules"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v1/rules"),)
    answer: ClassVar[Any] = tuple[RuleGroup, ...]


class AskAlertmanagers(Ask, frozen=True, kw_only=True, tag="prometheus/alertmanagers"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v1/alertmanagers"),)
    answer: ClassVar[Any] = KnownAlertmanagers


class AskRuntime(Ask, frozen=True, kw_only=True, tag="prometheus/runtime"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v1/status/runtimeinfo"),)
    answer: ClassVar[Any] = Runtime


class AskReady(Ask, frozen=True, kw_only=True, tag="prometheus/ready"):
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/-/ready"),)
    answer: ClassVar[Any] = Readiness


class Asking(msgspec.Struct, frozen=True):
    """The source of an ask without parameters; `listed` wraps its sequence in a `Listing`."""

    ask: type[Ask]
    kind: str = "prometheus"
    listed: bool = False

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return (self.ask(target=context.target(self.kind).id),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        value = answers[0].value()
        return Listing(value, as_of=answers[0].clock) if self.listed else value


ScrapeTargets = Annotated[Listing[ScrapeTarget], Asking(AskTargets, listed=True)]
LoadedRules = Annotated[Listing[RuleGroup], Asking(AskRules, listed=True)]
PrometheusRuntime = Annotated[Runtime, Asking(AskRuntime)]
