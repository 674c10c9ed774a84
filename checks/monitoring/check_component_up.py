"""Whether the monitoring itself works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from opsproof import HIGH, Count, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.sources.alertmanager.facts import AskAlertmanagerReady, AskStatus, Status
from opsproof.sources.prometheus.facts import PromQL, Samples, number
from opsproof.sources.prometheus.growth import growth
from opsproof.sources.prometheus.status import AskReady, AskRuntime, Readiness, Runtime


class Component(msgspec.Struct, frozen=True):
    """Source: what the component that the row names says of itself, one ask by component."""

    asked: tuple[tuple[str, type[Ask]], ...]

    def asks(self, context: Context) -> tuple[Ask, ...]:
        component = str(getattr(context.limits, "component", ""))
        return tuple(ask(target=context.target(kind).id) for kind, ask in self.asked if kind == component)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        return answers[0].value() if answers else None


class ComponentLimits(Limits):
    """`window`: how far back failed rule evaluations count."""

    component: Scoped[Literal["prometheus", "alertmanager"]]
    window: Duration = Duration(900)

    @property
    def is_prometheus(self) -> bool:
        return self.component == "prometheus"


Ready = Annotated[Readiness, Component((("prometheus", AskReady), ("alertmanager", AskAlertmanagerReady)))]
Own = Annotated[
    Runtime | Status | Failure | None,
    Beside(Component((("prometheus", AskRuntime), ("alertmanager", AskStatus)))),
]
_FAILURES = growth("prometheus_rule_evaluation_failures_total")
Evaluations = Annotated[Samples | Failure | None, Beside(PromQL(_FAILURES, over=""), when="is_prometheus")]


@check("monitoring/component-up", title="The monitoring component is ready and does its work", level=HIGH)
def check_component(
    ready: Ready, own: Own, evaluations: Evaluations, limits: ComponentLimits, examine: Examination
) -> None:
    """While the monitoring is down, every other failure goes unseen."""
    subject = Subject("component", limits.component)
    with examine(subject, measured=f"HTTP {ready.status}", limit="HTTP 200"):
        assert ready.ready, f"/-/ready answers {ready.status}, 200 needed"
    if limits.is_prometheus:
        _examine_evaluations(evaluations, limits, examine)
        _note_reload(own, examine)
    else:
        _examine_cluster(own, examine)


def _examine_evaluations(
    found: Samples | Failure | None, limits: ComponentLimits, examine: Examination
) -> None:
    subject = Subject("rules", "evaluation")
    with deciding(examine, subject):
        failed = known(found).single()
        if failed is None:
            raise Undecided(
                "Prometheus does not scrape itself: its count of failed evaluations is not recorded"
            )
        with examine(subject, measured=Count(round(number(failed))), limit="0"):
            assert failed <= 0, (
                f"{failed:.0f} rule evaluations failed in the last {limits.window}, none allowed"
            )


def _examine_cluster(found: Runtime | Status | Failure | None, examine: Examination) -> None:
    subject = Subject("cluster", "alertmanager")
    with deciding(examine, subject):
        status = known(found)
        with examine(subject, measured=status.cluster, limit="ready or disabled (single)"):
            assert status.cluster in {"ready", "disabled"}, f"its cluster is {status.cluster}, ready needed"


def _note_reload(found: Runtime | Status | Failure | None, examine: Examination) -> None:
    if not isinstance(found, Runtime) or found.reload_ok is None:
        examine.note("Prometheus does not tell whether it runs its newest configuration")
    elif not found.reload_ok:
        examine.note("Prometheus runs an older configuration: its last reload failed")
