"""systemd units that have to run, and the clock."""

from __future__ import annotations

from typing import Annotated

from opsproof import HIGH, Count, Duration, Examination, Limits, Listing, Scoped, Undecided, check
from opsproof.model.failure import Failure
from opsproof.model.moment import Clock
from opsproof.sources.host.asks import NamedServices, TimeOf
from opsproof.sources.host.facts import Service, TimeSync, UnitSample

_UP = frozenset({"active", "reloading", "refreshing"})
_CHANGING = frozenset({"activating", "deactivating"})


class HostServiceLimits(Limits):
    """`services`: units, `.service` may be left out. `time_sync`: the clock has to be synchronized, too.

    `grace`: how long a unit may be starting or stopping. `steady`: how long one that systemd had to restart has to
    have been up since.
    """

    services: Scoped[tuple[str, ...]] = ()
    time_sync: Scoped[bool] = False
    grace: Duration = Duration.parse("2m")
    steady: Duration = Duration.parse("5m")
    samples: Count = Count(3)
    spacing: Duration = Duration(1)


@check("health/host-services", title="The named services run, and the clock is synchronized", level=HIGH)
def check_host_services(
    services: Annotated[Listing[Service] | None, NamedServices()],
    time: Annotated[TimeSync | Failure | None, TimeOf()],
    limits: HostServiceLimits,
    examine: Examination,
) -> None:
    """A service that is down, or that dies and comes back, serves nobody; with a wrong clock logins and backups fail."""
    if services is None and time is None:
        raise Undecided("nothing is named; set services or time_sync")
    for service in services or ():
        _runs(service, services.clock if services else None, limits, examine)
    if isinstance(time, Failure):
        examine.unknown("time synchronization", time)
    elif time is not None:
        with examine(
            time, measured="synchronized" if time.synchronized else "not synchronized", limit="synchronized"
        ):
            assert time.synchronized, (
                f"the clock is not synchronized (service {'on' if time.service else 'off'})"
            )


def _runs(service: Service, clock: Clock | None, limits: HostServiceLimits, examine: Examination) -> None:
    """Up in every sample, and not between two restarts."""
    worst = next((sample for sample in service.samples if sample.active not in _UP), None)
    last = worst or (service.samples[-1] if service.samples else None)
    shown = f"{last.active} ({last.sub})" if last else None
    changing = last is not None and last.active in _CHANGING and last.sub != "auto-restart"
    since = clock.moment(last.changed, "its last change of state") if clock and last and changing else None
    with examine(service, measured=shown, limit="active", since=since, grace=limits.grace if since else None):
        if last is None or len(service.samples) < service.wanted:
            raise Undecided(f"{len(service.samples)} of {service.wanted} samples could be taken in time")
        assert last.load != "not-found", "the host has no such unit"
        assert last.load == "loaded", f"its unit is {last.load}"
        assert last.sub != "auto-restart", f"it died and waits to be restarted ({last.result})"
        assert worst is None, f"{last.active} ({last.sub})" + (f": {last.result}" if _failed(last) else "")
        _steady(service, clock, limits)


def _steady(service: Service, clock: Clock | None, limits: HostServiceLimits) -> None:
    counts = [sample.restarts for sample in service.samples if sample.restarts is not None]
    if not counts:
        return
    assert max(counts) == min(counts), f"restarted {max(counts) - min(counts)} times while it was looked at"
    changed = service.samples[-1].changed
    if counts[-1] and clock is not None and changed is not None:
        up = clock.age(changed)
        assert up.least >= limits.steady, f"systemd restarted it {counts[-1]} times, the last time {up} ago"


def _failed(sample: UnitSample) -> bool:
    return sample.result not in {"", "success"}
