"""When volumes will be full if they grow on as they did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from opsproof import (
    MEDIUM,
    AtLeast,
    Bytes,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.examine.volumes import (
    BY_CLAIM,
    ClaimName,
    Room,
    Volumes,
    VolumesOf,
    claim_of,
    examine_unmeasured,
    subject_of,
)
from opsproof.model.failure import Failure
from opsproof.model.limits import AtMost
from opsproof.model.units import duration_text
from opsproof.sources.prometheus.facts import Point, PromQL, Recorded, Recording, Samples, Series, number
from opsproof.sources.prometheus.reading.course import recorded
from opsproof.sources.prometheus.reading.line import Line, until

# What a step of the line says: a moment's peak says nothing of growth.
_FREE = f"min {BY_CLAIM} (avg_over_time(${{volume_available}}[1h]))"
_WHOLE = f"max {BY_CLAIM} (avg_over_time(${{volume_capacity}}[1h]))"
_DATABASES = "max by (namespace, datname) (avg_over_time(${pg_database_size}[1h]))"
_RESIZED, _FREED = 0.01, 0.05  # of the capacity


class GrowthLimits(Limits):
    """`full_in`: the time that has to be left. `window`: the time that the line is drawn through.

    `coverage`: the part of it that has to be recorded. `claims`: names of the claims that are looked at, with `*`;
    none: all. `databases`: whether their growth has to be known, too. `grace`: how long a volume that a pod has just
    mounted may be without numbers.
    """

    claims: Scoped[tuple[str, ...]] = ()
    databases: Scoped[bool] = False
    full_in: AtLeast[Duration]
    window: Duration
    coverage: AtLeast[Percent] = AtLeast.parse("90%", Percent)
    grace: Duration = Duration.parse("5m")


@check(
    "capacity/growth-forecast", title="No volume will be full before the time that is needed", level=MEDIUM
)
def check_growth_forecast(
    free: Annotated[Samples, PromQL(_FREE, over="window")],
    sizes: Annotated[Samples, PromQL(_WHOLE, over="window")],
    recording: Annotated[Recording, Recorded("${volume_available}", over=("window",))],
    databases: Annotated[Samples | Failure | None, Beside(PromQL(_DATABASES, over="window"), when="databases")],
    volumes: Annotated[Volumes, VolumesOf(inodes=False)],
    limits: GrowthLimits,
    examine: Examination,
) -> None:  # fmt: skip
    """A volume that fills while nobody looks stops what writes to it at the worst time."""
    room = Room(AtMost.parse("100%", Percent), AtMost.parse("100%", Percent), limits.claims, limits.grace)
    with deciding(examine, Subject("source", "volumes")):
        now = {claim: left for claim, left in volumes.free.items() if room.chosen(claim[1])}
        examine_unmeasured(now, volumes, room, examine)
        if now:
            recorded(recording)
        lines, wholes = _by_claim(free), _by_claim(sizes)
        for claim in sorted(now):
            forecast = _Forecast(claim, volumes, free, limits, examine)
            with deciding(examine, subject_of(claim)):
                forecast.examine_claim(lines.get(claim, ()), wholes.get(claim, ()))
    if databases is not None:
        _examine_databases(databases, limits, examine)


def _by_claim(samples: Samples) -> dict[ClaimName, tuple[Point, ...]]:
    return {claim_of(series): series.points for series in samples}


class _Forecast:
    """One claim's line and what it leads to."""

    def __init__(
        self, claim: ClaimName, volumes: Volumes, samples: Samples, limits: GrowthLimits, examine: Examination
    ) -> None:
        self.claim, self.volumes, self.limits, self.examine = claim, volumes, limits, examine
        self.samples = samples

    def examine_claim(self, free: Sequence[Point], sizes: Sequence[Point]) -> None:
        left, whole = (
            number(self.volumes.free[self.claim]),
            number(self.volumes.whole.get(self.claim, math.nan)),
        )
        since = _resized(sizes, whole)
        points = [Point(time, whole - number(value)) for time, value in free if time >= since]
        covered = Percent(min(1.0, len(points) / self.samples.expected_points))
        if left > 0 and not self.limits.coverage.allows(covered):
            self._short(free, points, since, covered)
            return
        if not sizes:
            window = self.limits.window
            raise Undecided(
                f"its capacity is not recorded: whether it was resized within {window} is not known"
            )
        line = Line(points, _FREED * whole)
        lasts = until(left, line.slope)
        # Freed once: whether that recurs is not known. What is freed again and again is part of the line.
        falls = line.falls
        least = until(left, line.slope_between_falls) if len(falls) == 1 else lasts
        needed = self.limits.full_in
        with self.examine(subject_of(self.claim), limit=needed) as it:
            if not needed.allows(max(lasts, least)):
                left_for = Duration(max(lasts, least))
                told = (
                    f"{Bytes(left)} of {Bytes(whole)} free: full in {left_for}" if left > 0 else "it is full"
                )
                it.holds(needed, left_for, f"{told}; needed: {needed}")
            if not needed.allows(min(lasts, least)):
                (at, freed), *_ = falls
                ago = duration_text(self.samples.at - at.time)
                raise Undecided(
                    f"{Bytes(freed)} were freed about {ago} ago: if that does not recur, it is full in"
                    f" {duration_text(min(lasts, least))}; needed: {needed}"
                )

    def _short(self, free: Sequence[Point], points: Sequence[Point], since: float, covered: Percent) -> None:
        """What a line too short to be drawn on comes from. Raises Undecided."""
        window, coverage = self.limits.window, self.limits.coverage
        if since:
            ago = duration_text(self.samples.at - since)
            raise Undecided(
                f"resized about {ago} ago: the line since then covers {covered} of {window}; needed {coverage}"
            )
        late = not free or free[0].time > self.samples.at - self.samples.range + 2 * self.samples.step
        if late and self._is_young():
            self.examine.exclude(subject_of(self.claim), f"younger than {window}: no line to go by yet")
            return
        why = "recorded for a part of the time only" if late else "a gap in the recording"
        raise Undecided(f"{why}: measured in {covered} of {window}; needed {coverage}")

    def _is_young(self) -> bool:
        """Whether the cluster says that the claim was made within the window."""
        claims = self.volumes.claims
        if isinstance(claims, Failure):
            return False
        own = [one for one in claims if (one.namespace, one.name) == self.claim]
        return any(one.created is not None and claims.age(one.created) < self.limits.window for one in own)


def _resized(sizes: Sequence[Point], now: float) -> float:
    """When the capacity last became another, which begins another line; 0 where it was the same all the time."""
    if not sizes:
        return 0.0
    since = 0.0
    for before, after in zip(sizes, [*sizes[1:], Point(math.inf, now)], strict=True):
        if abs(number(after.value) - number(before.value)) > _RESIZED * max(before.value, after.value):
            since = min(after.time, before.time + 1) if math.isinf(after.time) else after.time
    return since


def _examine_databases(databases: Samples | Failure, limits: GrowthLimits, examine: Examination) -> None:
    """How much each database grew: what it may grow to is its volume's."""
    with deciding(examine, Subject("source", "sizes of databases")):
        found = known(databases)
        if found.empty:
            raise Undecided("Prometheus has no sizes of databases")
        for series in found:
            with examine(Subject("database", series.label("datname"), series.label("namespace"))):
                _note_growth(series, found, limits, examine)


def _note_growth(series: Series, samples: Samples, limits: GrowthLimits, examine: Examination) -> None:
    """Raises Undecided: not recorded for long enough, or no longer."""
    if not samples.current(series):
        raise Undecided("its size is no longer recorded")
    covered = Percent(samples.coverage(series))
    if not limits.coverage.allows(covered):
        raise Undecided(f"its size is recorded in {covered} of {limits.window}; needed {limits.coverage}")
    first, last = (Bytes(number(point.value)) for point in (series.points[0], series.points[-1]))
    examine.note(f"database {series.label('datname')}: from {first} to {last} within {limits.window}")
