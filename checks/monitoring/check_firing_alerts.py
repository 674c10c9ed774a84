"""Whether something is alarming now, and whether alerts would be seen at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

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
from opsproof.examine.beside import Beside
from opsproof.model.failure import CollectionError, Failure
from opsproof.sources.alertmanager.facts import Alert, Alerts, AskSilences, Silence, holding
from opsproof.sources.prometheus.facts import PromQL, Samples
from opsproof.sources.prometheus.reading.matchers import Matcher, all_match, known_names, parsed
from opsproof.sources.prometheus.status import Asking

Silences = Annotated[
    Listing[Silence] | Failure | None, Beside(Asking(AskSilences, "alertmanager", listed=True))
]
_PAST = (
    "max by (alertname, severity, namespace, system, category, job, instance, service)"
    ' (max_over_time(ALERTS{alertstate="firing"}[${history}]))'
)
Past = Annotated[Samples | Failure | None, Beside(PromQL(_PAST, over=""), when="history")]


class AlertLimits(Limits):
    """`match`: matchers of which an alert must fulfil all; `control`: the alert that always fires.

    `older_than`: only alerts that fire longer count; `history`: also list what fired in that time.
    """

    match: Scoped[tuple[str, ...]] = ()
    control: Scoped[str] = "Watchdog"
    highest: AtMost[Count] = AtMost.parse(0, Count)
    older_than: Duration | None = None
    history: Duration = Duration(0)

    @field_validator("match")
    @classmethod
    def _are_matchers(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            parsed(text)
        return given


@check("monitoring/firing-alerts", title="No alert is firing that nobody has taken on", level=HIGH)
def check_alerts(
    alerts: Alerts, silences: Silences, past: Past, limits: AlertLimits, examine: Examination
) -> None:
    """An alert that stays is either a failure nobody handles or noise that hides one."""
    matchers = [matcher for text in limits.match for matcher in parsed(text)]
    known_names(matchers)
    wanted = [one for one in alerts if one.name != limits.control and all_match(matchers, one.labels)]
    _examine_firing(alerts, [one for one in wanted if one.firing], limits, examine)
    control = holding(alerts, limits.control)
    examine.control(control)
    if control is None and limits.control:
        why = "it always fires, but Alertmanager does not hold it: nothing proves that alerts arrive"
        examine.unknown(Subject("alert", limits.control), Undecided(why))
    _note_suppressed([one for one in wanted if not one.firing], silences, examine)
    _note_milder(alerts, matchers, limits, examine)
    _note_past(past, matchers, limits, examine)


def _examine_firing(
    alerts: Listing[Alert], firing: Sequence[Alert], limits: AlertLimits, examine: Examination
) -> None:
    counted = [one for one in firing if alerts.age(one.since) >= (limits.older_than or 0)]
    for alert in firing:
        if alert not in counted:
            examine.exclude(alert, f"firing for less than {limits.older_than}")
            examine.note(f"{alert.subject} fires since {alert.since:%Y-%m-%d %H:%M} UTC")
            continue
        with examine(
            alert, measured=Count(len(counted)), limit=limits.highest, level=alert.level,
            since=alerts.moment(alert.since, "startsAt of the alert"),
        ):  # fmt: skip
            severity = alert.labels.get("severity", "none")
            assert limits.highest.allows(len(counted)), (
                f"firing with severity {severity}; {len(counted)} such alerts, {limits.highest} allowed"
            )


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


def _note_past(
    past: Samples | Failure | None, matchers: Sequence[Matcher], limits: AlertLimits, examine: Examination
) -> None:
    if isinstance(past, Failure):
        examine.unknown(
            Subject("alerts", f"of the last {limits.history}"),
            CollectionError(past.message, target=past.target),
        )
        return
    for series in past or ():
        if series.label("alertname") != limits.control and all_match(matchers, series.labels):
            place = "/".join(filter(None, (series.label("namespace"), series.label("instance"))))
            named = " ".join(filter(None, (series.label("alertname"), place)))
            examine.note(
                f"fired in the last {limits.history}: {named}, severity {series.label('severity') or 'none'}"
            )
