"""Whether everything that should be watched is watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import field_validator

from opsproof import (
    HIGH,
    AtLeast,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Moment,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.model.units import duration_text
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.prometheus.facts import PromQL, Samples
from opsproof.sources.prometheus.reading.matchers import all_match, known_names, parsed
from opsproof.sources.prometheus.status import ScrapeTarget, ScrapeTargets

Pods = Annotated[Listing[Pod] | Failure | None, Beside(Kubernetes("pods"), when="workloads")]


# 1: up within `grace`; 0: down all that time; no value: known for less than that.
Recently = Annotated[
    Samples | Failure | None,
    Beside(PromQL("max_over_time(up[${grace}]) and up offset ${grace}", over="")),
]


class TargetLimits(Limits):
    """`stale` scrape intervals may pass since the last scrape; `up` is the share of each job's targets.

    A target that was up, or was not there yet, within `grace` is in transition: its pod comes or goes.
    """

    jobs: Scoped[tuple[str, ...]] = ()
    workloads: Scoped[tuple[str, ...]] = ()
    match: Scoped[str] = ""
    stale: Count = Count(3)
    up: AtLeast[Percent] = AtLeast.parse("100%", Percent)
    grace: Duration = Duration(60)

    @field_validator("match")
    @classmethod
    def _is_a_selector(cls, text: str) -> str:
        parsed(text)
        return text


@check("monitoring/targets-up", title="Every target is up and scraped", level=HIGH)
def check_targets(
    targets: ScrapeTargets, recently: Recently, pods: Pods, limits: TargetLimits, examine: Examination
) -> None:
    """What is not scraped raises no alert, however badly it fails."""
    matchers = parsed(limits.match)
    known_names(matchers)
    wanted = [
        target
        for target in targets
        if all_match(matchers, target.labels) and (not limits.jobs or target.job in limits.jobs)
    ]
    for job in limits.jobs:
        if not any(target.job == job for target in wanted):
            with examine(Subject("job", job), measured="no target", limit="1 target"):
                raise AssertionError(f"Prometheus has no active target of job {job}")
    if limits.workloads:
        of_pods = _examine_workloads(wanted, pods, limits, examine)
        wanted = wanted if limits.jobs or limits.match else of_pods
    for job in sorted({target.job for target in wanted}):
        of_job = [target for target in wanted if target.job == job]
        _examine_job(of_job, targets, recently, limits, examine)


def _examine_job(
    of_job: Sequence[ScrapeTarget], targets: Listing[ScrapeTarget], recently: Samples | Failure | None,
    limits: TargetLimits, examine: Examination,
) -> None:  # fmt: skip
    reasons = [_why_down(targets, target, limits) for target in of_job]
    share = Percent(reasons.count("") / len(reasons))
    enough = limits.up.allows(share)
    for target, why in zip(of_job, reasons, strict=True):
        changing = bool(why) and _changing(target, recently)
        with examine(
            target, measured=target.health, limit="up", grace=limits.grace,
            since=_seen(target, targets, limits) if changing else None,
        ):  # fmt: skip
            if not why:
                _require_age(targets, target)
            elif not enough and isinstance(recently, Samples) and recently.empty:
                raise Undecided(f"{why}; no `up` of {limits.grace} ago is recorded: since when is not known")
            assert not why or enough, f"{why}; {share} of job {target.job} is up, {limits.up} needed"
        if why and enough:
            examine.note(f"{target.subject}: {why}; {share} of its job is up, {limits.up} needed")


_LOOKBACK = 300.0
_IDENTITY = ("job", "instance", "namespace", "pod")


def _seen(target: ScrapeTarget, targets: Listing[ScrapeTarget], limits: TargetLimits) -> Moment | None:
    if target.last_scrape is not None:
        return targets.moment(target.last_scrape, f"last scrape; not down for {limits.grace} yet")
    read_from = f"now: not scraped yet, and not down for {limits.grace} either"
    return targets.moment(targets.clock.as_of, read_from)


def _changing(target: ScrapeTarget, recently: Samples | Failure | None) -> bool:
    if not isinstance(recently, Samples):
        return False
    own = [
        series
        for series in recently
        if all(series.label(name) == target.labels.get(name, "") for name in _IDENTITY)
    ]
    return not own or any(series.value > 0 for series in own)


def _why_down(targets: Listing[ScrapeTarget], target: ScrapeTarget, limits: TargetLimits) -> str:
    """Empty for a target that is up and was scraped within `stale` intervals."""
    if target.health != "up":
        return f"health is {target.health}" + (f" ({target.problem})" if target.problem else "")
    if target.last_scrape is None:
        return "it was never scraped"
    if not target.interval:
        return ""
    age, most = targets.age(target.last_scrape), float(limits.stale) * target.interval
    # The server's clock is told in whole seconds.
    return (
        f"last scraped {duration_text(age)} ago, at most {duration_text(most)} needed"
        if age > most + 1
        else ""
    )


def _require_age(targets: Listing[ScrapeTarget], target: ScrapeTarget) -> None:
    """Older servers, and others that speak this API, do not tell how often a target is scraped.

    Raises:
        Undecided: then what is older than Prometheus itself looks back is neither old nor new.
    """
    age = targets.age(target.last_scrape) if target.last_scrape else 0.0
    if not target.interval and age > _LOOKBACK:
        raise Undecided(
            f"last scraped {duration_text(age)} ago; the server does not tell its scrape interval"
        )


def _examine_workloads(
    targets: Sequence[ScrapeTarget], pods: Listing[Pod] | Failure | None, limits: TargetLimits,
    examine: Examination,
) -> list[ScrapeTarget]:  # fmt: skip
    """Each pod of the named workloads is an up target; gives back the targets of these pods."""
    found: list[ScrapeTarget] = []
    for named in limits.workloads:
        subject = Subject("workload", named)
        with deciding(examine, subject):
            listed: Listing[Pod] = known(pods)
            own = [
                pod for pod in listed if _is_of(pod, named) and pod.phase == "Running" and not pod.terminating
            ]
            if not own and listed.gaps:
                raise Undecided("its pods could not be listed")
            with examine(subject, measured=f"{len(own)} pods", limit="1 pod"):
                assert own, f"no pod of {named} is there to be scraped"
            for pod in own:
                started = listed.moment(pod.status.start_time, "start of the pod")
                found += _examine_pod(pod, started, targets, limits, examine)
    return found


def _examine_pod(
    pod: Pod,
    started: Moment | None,
    targets: Sequence[ScrapeTarget],
    limits: TargetLimits,
    examine: Examination,
) -> list[ScrapeTarget]:
    own = [one for one in targets if one.labels.get("pod") == pod.name and one.namespace == pod.namespace]
    interval = max((one.interval for one in targets), default=0.0) or limits.grace / limits.stale
    if targets and not own and not any("pod" in one.labels for one in targets):
        examine.unknown(
            pod, Undecided("no target has a `pod` label, so that pods and targets cannot be joined")
        )
        return []
    with examine(
        pod, measured=f"{len(own)} targets", limit="1 target", grace=Duration(interval * limits.stale),
        since=started,
    ):  # fmt: skip
        assert own, "Prometheus has no target for this pod"
    return own


def _is_of(pod: Pod, named: str) -> bool:
    """`deployment/api`, or `api` for a workload of any kind."""
    kind, _, name = named.rpartition("/")
    owner = pod.workload
    return owner is not None and owner[1] == name and (not kind or owner[0].lower() == kind.lower())
