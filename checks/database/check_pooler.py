"""Whether a pooler has a session for whoever wants one.

A PAUSE of all databases at once is told since pgbouncer 1.19: before, by the clients that wait for its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from opsproof import (
    HIGH,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.model.words import several
from opsproof.sources.postgres.pooler import Pool, PooledDatabase, Pooler, PoolerState

_RESTING = ("paused", "suspended")


class PoolerLimits(Limits):
    """`databases`: those of the pooler's that are examined, and have to be there; all, where none is named.

    `needed`: whether the environment has to name a pgbouncer; where it need not, and names none, nothing applies.
    `wait`: how long a client may wait for a session; the default is ours. `samples`: who waits in each of them, waits
    all the time. `spacing`: between them. `highest`: clients, of those that the pooler or a database of its takes.
    """

    databases: Scoped[tuple[str, ...]] = ()
    needed: Scoped[bool] = True
    wait: AtMost[Duration] = AtMost.parse("1s", Duration)
    highest: AtMost[Percent] = AtMost.parse("80%", Percent)
    samples: Count = Count(3)
    spacing: Duration = Duration(1)


@check("database/pooler", title="No client waits for a session of its pool", level=HIGH)
def check_pooler(
    pooler: Annotated[PoolerState | Failure, Beside(Pooler())],
    limits: PoolerLimits,
    examine: Examination,
) -> None:
    """A pool that is used up holds its clients up one by one: the server looks idle, and the application hangs."""
    if isinstance(pooler, Failure):
        if pooler.kind == "NotConfigured" and not pooler.target and not limits.needed:
            examine.not_applicable(Subject("pooler", "pgbouncer"), "the environment names no pgbouncer")
        else:
            examine.unknown(Subject("source", "pooler"), pooler)
        return
    _examine_pooler(pooler, limits, examine)
    _examine_databases(pooler, limits, examine)
    _examine_pools(pooler, limits, examine)
    if pooler.one_of_several:
        hidden = Undecided(
            "so_reuseport is set, and one process of those on the port has answered: name a pooler by the folder of "
            "its own socket, or by a port of its own"
        )
        examine.unknown(Subject("poolers", pooler.role), hidden)


def _examine_pooler(pooler: PoolerState, limits: PoolerLimits, examine: Examination) -> None:
    """The mildest of the samples: how many of the clients that it takes it has."""
    samples = pooler.samples
    lowest = min(samples, key=lambda one: one.clients / max(one.most, 1))
    share = Percent(lowest.clients / lowest.most) if lowest.most else None
    activities = {one.activity for one in samples}
    beside = [f"the whole pooler is {one}" for one in _RESTING if activities == {one}]
    with examine(pooler, measured=share, limit=limits.highest) as it:
        told = f"{lowest.clients} of {lowest.most} clients are connected, in each of {several(len(samples), 'sample')}"
        it.holds(limits.highest, share, told, beside=beside)


def _examine_databases(pooler: PoolerState, limits: PoolerLimits, examine: Examination) -> None:
    """None takes no session, or hardly a client more, in each of the samples."""
    found = [
        {one.name: one for one in sample.databases if _wanted(one.name, limits)} for sample in pooler.samples
    ]
    for name in sorted(set(limits.databases) - found[-1].keys()):
        # A pooler that hands on whatever is asked for (`*`) tells of those alone that somebody asks for.
        absent = Undecided("the pooler tells of no such database: it has none, or nobody has asked for it")
        examine.unknown(Subject("pooled database", name), absent)
    for name, last in found[-1].items():
        always = [one[name] for one in found if name in one]
        lowest = min(always, key=lambda one: one.clients / max(one.most_clients, 1))
        share = Percent(lowest.clients / lowest.most_clients) if lowest.most_clients else None
        with examine(Subject("pooled database", name), measured=share, limit=limits.highest) as it:
            shut = "disabled" if all(one.disabled for one in always) else ""
            shut = shut or ("paused" if all(one.paused for one in always) else "")
            assert not shut, f"it is {shut}: {_shut(last)}"
            if share is not None:
                it.holds(
                    limits.highest,
                    share,
                    f"{lowest.clients} of its {lowest.most_clients} clients are connected",
                )


def _shut(database: PooledDatabase) -> str:
    return "clients are refused" if database.disabled else "clients wait until somebody says RESUME"


def _examine_pools(pooler: PoolerState, limits: PoolerLimits, examine: Examination) -> None:
    """Each pool that one of the samples shows."""
    found: dict[tuple[str, str], list[Pool]] = {}
    for sample in pooler.samples:
        for pool in sample.pools:
            if _wanted(pool.database, limits):
                found.setdefault((pool.database, pool.user), []).append(pool)
    if all(user == pooler.user for _, user in found):
        nobody = Undecided(
            f"nobody but {pooler.user} has asked for a session since the pooler was started: is it the one that is used?"
        )
        examine.unknown(Subject("pools", pooler.role), nobody)
    databases = {one.name: one for one in pooler.samples[-1].databases}
    for pools in found.values():
        taken = _used_up(pools, len(pooler.samples), databases.get(pools[0].database))
        _examine_pool(pools, list(taken), limits, examine)


def _examine_pool(pools: list[Pool], taken: list[str], limits: PoolerLimits, examine: Examination) -> None:
    """One pool at several moments; `taken`: that it was used up in all of them, in words."""
    worst = max(pools, key=lambda pool: (pool.longest, pool.waiting))
    longest = Duration(worst.longest)
    subject = Subject("pool", f"{worst.database}/{worst.user}")
    with examine(subject, measured=longest, limit=limits.wait) as it:
        said = f"{several(worst.waiting, 'client')} waiting, the first for {longest}"
        it.holds(limits.wait, longest, "; ".join([said, *taken]))
        # At its login a client waits without any time being told.
        if taken and len(pools) < 2:
            raise Undecided(f"{taken[0]}; there was no time for a second look")
        assert not taken, taken[0]


def _used_up(pools: list[Pool], samples: int, database: PooledDatabase | None) -> Iterator[str]:
    """Whether clients wait in every sample: behind a full pool, or at a login that does not come to its end."""
    if len(pools) < samples or not all(pool.waiting for pool in pools):
        return
    size = database.size if database else 0
    most = database.most if database else 0
    least = min(pool.servers for pool in pools)
    full = 0 < size <= least or (database is not None and 0 < most <= database.servers)
    if full or not all(pool.longest for pool in pools):
        of = f"{least} of {size} server sessions of the pool are there"
        whole = f", {database.servers} of {most} of the database" if database and most else ""
        yield f"clients wait in each of {several(samples, 'sample')}, and {of}{whole}"


def _wanted(database: str, limits: PoolerLimits) -> bool:
    return not limits.databases or database in limits.databases
