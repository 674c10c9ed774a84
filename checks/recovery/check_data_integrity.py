"""What was restored is what was backed up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from opsproof import CRITICAL, AtMost, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.model.words import several
from opsproof.sources.drill.facts import LOAD, RESTORE, Drill, Records

_SHOWN = 5  # tables of many


def _loads(drill: Drill) -> None:
    before = drill.failed
    load = drill.step(LOAD) or drill.step(RESTORE)
    assert load is not None, f"it ended before: {before.told}" if before else "it ended before"
    assert not load.failure, load.told


def _rows(drill: Drill) -> None:
    _loads(drill)
    if not drill.counted:
        step = drill.failed
        raise Undecided(
            step.told
            if step is not None
            else "the drill counted nothing: declare `counts`, rows by table beside each dump"
        )
    if not drill.rows:
        raise Undecided("the counts beside the dump name no table")
    unequal = [one for one in drill.rows if not one.equal]
    shown = ", ".join(
        f"{one.table} has {'no such table' if one.found is None else one.found} of {one.wanted}"
        for one in unequal[:_SHOWN]
    )
    assert not unequal, f"{len(unequal)} of {several(len(drill.rows), 'table')} differ: {shown}"
    if drill.uncounted:
        raise Undecided(
            f"the counts beside the dump do not name {several(drill.uncounted, 'table')} of the restored data:"
            " count all of them when the dump is made"
        )


def _alone(drill: Drill) -> None:
    if drill.others is None:
        raise Undecided("it ended before it could be seen who else is connected")
    assert drill.others == 0, f"{several(drill.others, 'session')} of others in the restored database"


_PROOFS: Mapping[str, tuple[str, Callable[[Drill], None]]] = {
    "loads": ("loaded without an error", _loads),
    "rows": ("as many rows in each table as were counted for the dump", _rows),
    "alone": ("nobody else connected", _alone),
}


class IntegrityLimits(Limits):
    """`proves`: of `loads` (without an error), `rows` (as many in each table as were counted for the dump) and
    `alone` (nobody else was connected) those that the row is about.

    `within`: how long ago the drill may be. `lasts`: how long one may be under way.
    """

    proves: Scoped[tuple[Literal["loads", "rows", "alone"], ...]] = ("loads", "rows", "alone")
    within: AtMost[Duration] = AtMost.parse("92d", Duration)
    lasts: Duration = Duration(4 * 3600)


@check("recovery/data-integrity", title="Restored data are whole", level=CRITICAL)
def check_data_integrity(drills: Records, limits: IntegrityLimits, examine: Examination) -> None:
    """Data that came back in part are trusted as if they were whole."""
    newest = drills.newest
    if newest is None:
        with examine(drills, measured="none", limit="a drill"):
            if not drills.folder:
                raise Undecided("there is no folder of records: no drill was made yet, or they lie elsewhere")
            raise AssertionError(drills.none)
        return
    age = drills.clock.age(newest.began) if drills.clock is not None else None
    with examine(newest, limit=limits.within) as it:
        drills.require_past(newest)
        it.holds(limits.within, age, f"the newest drill is {age} old")
    under_way = drills.moment(newest.began, "its record") if newest.ended is None else None
    for part in limits.proves:
        needed, prove = _PROOFS[part]
        who = Subject("drill", f"{newest.id} {part}", key=part)
        with examine(who, limit=needed, since=under_way, grace=limits.lasts):
            drills.require_past(newest)
            assert newest.ended is not None, "it has not ended: it was killed"
            prove(newest)
