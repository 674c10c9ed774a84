"""Whether Velero reaches the place where its backups are, and still looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from opsproof import HIGH, AtMost, Count, Duration, Examination, Scoped, Subject, Undecided, check
from opsproof.examine.backups.decided import each
from opsproof.examine.velero import Vault, Vaults, VeleroIn, VeleroLimits
from opsproof.sources.kubernetes.facts.velero import StorageLocation, seconds
from opsproof.sources.kubernetes.reading.choice import referred

_SHORTEST = 600.0  # no status stands still before that, however often it is looked at


class LocationLimits(VeleroLimits):
    """`validated`: how old the last validation may be. `missed`: how many may be missing where the location says how
    often it is validated. `deployment`: Velero's own. `grace`: for so long it, or a location, may be new.
    """

    deployment: Scoped[str] = "deployment/velero"
    validated: AtMost[Duration] = AtMost.parse("24h", Duration)
    missed: Count = Count(5)
    grace: Duration = Duration(300)


@check(
    "backup/storage-location",
    title="The storage of backups is available, and Velero looks after it",
    level=HIGH,
)
def check_storage_location(
    velero: Annotated[Vaults, VeleroIn("backups", "schedules", "locations", "deployments")],
    limits: LocationLimits,
    examine: Examination,
) -> None:
    """What cannot be reached cannot be restored; and who died leaves a status that looks well."""
    for vault in each(examine, velero=velero):
        for name, location in used(vault):
            if location is None:
                with examine(Subject("location", name or "default"), measured="absent", limit="present"):
                    raise AssertionError(_absent(vault, name))
            else:
                examine_location(vault, location, limits, examine)
        examine_server(vault, limits, examine)


def used(vault: Vault) -> Iterator[tuple[str, StorageLocation | None]]:
    """The places of the newest backups of the namespaces, and of those to come; without any, the default one."""
    names = {
        one.spec.template.storage_location
        for namespace in vault.namespaces
        for one in vault.making(namespace)
    }
    names |= {good[-1].spec.storage_location for name in vault.namespaces if (good := vault.good(name))}
    found: dict[str, StorageLocation | None] = {}
    for name in sorted(names or {""}):
        location = vault.location(name)
        found[location.name if location is not None else name] = location
    yield from found.items()


def _absent(vault: Vault, name: str) -> str:
    there = ", ".join(sorted(one.name for one in vault.locations)[:5])
    what = f"no BackupStorageLocation {name}" if name else "no default BackupStorageLocation"
    return f"there is {what} in {vault.place}" + (f"; there is {there}" if there else "")


def examine_location(
    vault: Vault, location: StorageLocation, limits: LocationLimits, examine: Examination
) -> None:
    """By its status, as far as that is no old one."""
    last, phase = location.status.last_validation_time, location.status.phase
    age = vault.locations.age(last) if last is not None else None
    new = vault.locations.moment(location.created, "its creation") if last is None else None
    if location.spec.access_mode == "ReadOnly":
        examine.note(f"{location.name} is read only: nothing more is stored there")
    with examine(location, measured=phase, limit=limits.validated, since=new, grace=limits.grace) as it:
        assert last is not None, "it was never validated"
        assert phase == "Available", f"it is {phase or 'without a phase'}"
        if age is not None:
            age.require_past("its last validation")
        every = seconds(location.spec.validation_frequency or "") or 0.0
        bound = max(_SHORTEST, every * limits.missed)
        if every and age is not None and age > bound:
            told = (
                f"it is to be validated every {Duration(every)}, and was {age} ago: its status stands still"
            )
            it.holds(limits.validated, age, told)
            raise AssertionError(told)
        it.holds(limits.validated, age, f"it was last validated {age} ago")


def examine_server(vault: Vault, limits: LocationLimits, examine: Examination) -> None:
    """A status that nobody writes any more is none."""
    name = limits.deployment.rpartition("/")[2]
    found = next((one for one in vault.deployments if one.name == name), None)
    if found is None:
        with examine(referred(limits.deployment), measured="absent", limit="present"):
            raise AssertionError(f"there is no {limits.deployment} in {vault.place}: nobody keeps the status")
        return
    condition = found.condition("Available")
    since = condition.last_transition_time if condition is not None and not condition.is_true else None
    with examine(
        found,
        measured=Count(found.available),
        limit="at least 1 available",
        since=vault.deployments.moment(since, "condition Available"),
        grace=limits.grace,
    ):
        if found.available < 1 and found.replicas > 0 and condition is None:
            raise Undecided("its controller has not told its condition yet")
        assert found.available >= 1, f"{found.available} of {found.replicas} pods of Velero are available"
