"""Whether something is alarming now, and whether alerts would be seen at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from pydantic import field_validator

from opsproof import (
    HIGH,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.sources.alertmanager.facts import Alert, Alerts, AskSilences, Silence, holding
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples, Series
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.alert_rules import loaded_rules
from opsproof.sources.prometheus.reading.bearing import Bearing, wanting
from opsproof.sources.prometheus.reading.course import recorded
from opsproof.sources.prometheus.reading.matchers import Matcher, all_match, known_names, parsed
from opsproof.sources.prometheus.status import Asking, AskRules, RuleGroup

Silences = Annotated[
    Listing[Silence] | Failure | None, Beside(Asking(AskSilences, "alertmanager", listed=True))
]
_PAST = (
    "max by (alertname, severity, namespace, system, category, job, instance, service)"
    ' (max_over_time(ALERTS{alertstate="firing"}[${history}]))'
)
Past = Annotated[Samples | Failure | None, Beside(PromQL(_PAST, over=""), when="history")]
# The alert that always fires was recorded all that time: a past without alerts is no past without recording.
_ALWAYS = Recorded('ALERTS{alertname="${control}",alertstate="firing"}', over=("history",))
PastAlive = Annotated[Recording | Failure | None, Beside(_ALWAYS, when="history")]
Rules = Annotated[Listing[RuleGroup] | Failure, Beside(Asking(AskRules, listed=True))]


class Wanted(msgspec.Struct, frozen=True):
    """Source: of each label that the row matches on, whether any series ever bore such a value."""

    kind: str = "prometheus"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(ask for one in self._matched(context).values() for ask in one.asks(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> dict[Matcher, Known | Failure]:
        rest = iter(answers)
        return {
            matcher: one.assemble([next(rest) for _ in one.asks(context)], context)
            for matcher, one in self._matched(context).items()
        }

    def _matched(self, context: Context) -> dict[Matcher, Beside]:
        limits = context.limits
        matchers = limits.matchers if isinstance(limits, AlertLimits) else ()
        return {one: Beside(Matched(f"{{{one}}}", self.kind)) for one in wanting(matchers)}


Labels = Annotated[dict[Matcher, Known | Failure], Wanted()]


class AlertLimits(Limits):
    """`match`: matchers of which an alert must fulfil all; `control`: the alert that always fires.

    `older_than`: only alerts that fire longer count; `history`: also list what fired in that time.
    """

    match: Scoped[tuple[str, ...]] = ()
    control: Scoped[str] = "Watchdog"
    highest: AtMost[Count] = AtMost.parse(0, Count)
    older_than: Duration | None = None
    history: Duration = Duration(0)

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        return tuple(matcher for text in self.match for matcher in parsed(text))

    @field_validator("match")
    @classmethod
    def _are_matchers(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            parsed(text)
        return given


@check("monitoring/firing-alerts", title="No alert is firing that nobody has taken on", level=HIGH)
def check_alerts(
    alerts: Alerts, silences: Silences, rules: Rules, labels: Labels, past: Past, past_alive: PastAlive,
    limits: AlertLimits, examine: Examination,
) -> None:  # fmt: skip
    """An alert that stays is either a failure nobody handles or noise that hides one."""
    matchers = limits.matchers
    known_names(matchers)
    wanted = [one for one in alerts if one.name != limits.control and all_match(matchers, one.labels)]
    counted = _examine_firing(alerts, [one for one in wanted if one.firing], limits, examine)
    control = holding(alerts, limits.control)
    examine.control(control)
    if control is None and limits.control:
        why = "it always fires, but Alertmanager does not hold it: nothing proves that alerts arrive"
        examine.unknown(Subject("alert", limits.control), Undecided(why))
    if control is not None and not counted:
        _examine_quiet(control, rules, labels, wanted, limits, examine)
    _note_suppressed([one for one in wanted if not one.firing], silences, examine)
    _note_milder(alerts, matchers, limits, examine)
    _examine_past(past, past_alive, matchers, limits, examine)


def _examine_quiet(
    control: Alert, rules: Listing[RuleGroup] | Failure, labels: Mapping[Matcher, Known | Failure],
    held: Sequence[Alert], limits: AlertLimits, examine: Examination,
) -> None:  # fmt: skip
    """Nothing fires: good where alerts arrive and a rule could give such an alert; one that is held proves it."""
    subject = Subject("alerts", ", ".join(limits.match) or "all")
    with deciding(examine, subject):
        if not held:
            every = [one for one in loaded_rules(known(rules)) if one.rule.alerting]
            own = [one for one in every if one.rule.name == limits.control]
            set_by_rule = {name for one in own for name in one.rule.labels} | {"alertname"}
            external = {name: value for name, value in control.labels.items() if name not in set_by_rule}
            others = [one for one in every if one.rule.name != limits.control]
            Bearing(others, labels, external if own else {}).require(limits.matchers)
        with examine(subject, measured=Count(0), limit=limits.highest):
            pass


def _examine_firing(
    alerts: Listing[Alert], firing: Sequence[Alert], limits: AlertLimits, examine: Examination
) -> Sequence[Alert]:
    old = [alerts.age(one.since) >= (limits.older_than or 0) for one in firing]
    counted = [one for one, is_old in zip(firing, old, strict=True) if is_old]
    for alert, is_old in zip(firing, old, strict=True):
        if not is_old:
            examine.exclude(alert, f"firing for less than {limits.older_than}")
            examine.note(f"{alert.subject} fires since {alert.since:%Y-%m-%d %H:%M} UTC")
            continue
        with examine(
            alert, measured=Count(len(counted)), limit=limits.highest, level=alert.level,
            since=alerts.moment(alert.since, "startsAt of the alert"),
        ) as it:  # fmt: skip
            severity = alert.labels.get("severity", "none")
            told = f"firing with severity {severity}; {len(counted)} such alerts, {limits.highest} allowed"
            it.holds(limits.highest, len(counted), told)
    return counted


def _note_suppressed(
    suppressed: Iterable[Alert], silences: Listing[Silence] | Failure | None, examine: Examination
) -> None:
    for alert in suppressed:
        if alert.silenced_by:
            examine.exclude(alert, "silenced")
            examine.note(f"{alert.subject}: {_who_silences(alert, silences)}")
        else:
            examine.exclude(alert, "inhibited by another alert")
            examine.note(f"{alert.subject}: inhibited by another alert")


def _who_silences(alert: Alert, silences: Listing[Silence] | Failure | None) -> str:
    if not isinstance(silences, Listing):
        return "silenced; the silences could not be read"
    return "; ".join(str(one) for one in silences if one.id in alert.silenced_by) or "silenced"


def _note_milder(
    alerts: Iterable[Alert], matchers: Sequence[Matcher], limits: AlertLimits, examine: Examination
) -> None:
    """Alerts that only their severity keeps out are listed too."""
    wider = [matcher for matcher in matchers if matcher.name != "severity"]
    if len(wider) == len(matchers):
        return
    for one in alerts:
        listed = one.firing and one.name != limits.control and all_match(wider, one.labels)
        if listed and not all_match(matchers, one.labels):
            examine.note(f"also firing: {one.subject}, severity {one.labels.get('severity', 'none')}")


def _examine_past(
    past: Samples | Failure | None, alive: Recording | Failure | None, matchers: Sequence[Matcher],
    limits: AlertLimits, examine: Examination,
) -> None:  # fmt: skip
    """List what fired; a past in which nothing proves that alerts were recorded is undecided."""
    if not limits.history:
        return
    with deciding(examine, Subject("alerts", f"of the last {limits.history}")):
        for series in known(past) or ():
            if series.label("alertname") != limits.control and all_match(matchers, series.labels):
                examine.note(f"fired in the last {limits.history}: {_past_text(series)}")
        always = known(alive)
        if not limits.control or always is None or always.empty:
            named = limits.control or "an alert that always fires"
            raise Undecided(f"no ALERTS of {named} are recorded: nothing proves what fired and what did not")
        recorded(always)


def _past_text(series: Series) -> str:
    place = "/".join(filter(None, (series.label("namespace"), series.label("instance"))))
    named = " ".join(filter(None, (series.label("alertname"), place)))
    return f"{named}, severity {series.label('severity') or 'none'}"
