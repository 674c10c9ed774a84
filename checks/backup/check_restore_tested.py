"""Whether restoring was tried, and how it went."""

from __future__ import annotations

from opsproof import HIGH, AtMost, Duration, Examination, Limits, Subject, Undecided, check
from opsproof.model.words import several
from opsproof.sources.drill.facts import Drill, Drills, Records

_EVER = "a drill that succeeded"


class RestoreLimits(Limits):
    """`within`: how long ago the newest drill that succeeded may be. `rpo`, `rto`: what it may have measured.

    `dump`: how old the dump may have been. `lasts`: for so long a drill may be under way.
    """

    within: AtMost[Duration] = AtMost.parse("92d", Duration)
    rpo: AtMost[Duration] | None = None
    rto: AtMost[Duration] | None = None
    dump: AtMost[Duration] | None = None
    lasts: Duration = Duration(4 * 3600)


@check(
    "backup/restore-tested", title="A restore was tried not long ago, and everything was there", level=HIGH
)
def check_restore_tested(drills: Records, limits: RestoreLimits, examine: Examination) -> None:
    """A backup that nobody has restored is a hope."""
    _examine_age(drills, limits, examine)
    if drills.newest is not None:
        _examine_newest(drills.newest, drills, limits, examine)
    if drills.succeeded is not None:
        _examine_counted(drills.succeeded, examine)
        _examine_measured(drills.succeeded, limits, examine)


def _examine_age(drills: Drills, limits: RestoreLimits, examine: Examination) -> None:
    good = drills.succeeded
    age = drills.clock.age(good.began) if good is not None and drills.clock is not None else None
    with examine(drills, measured=age, limit=limits.within) as it:
        if not drills.folder:
            raise Undecided("there is no folder of records: no drill was made yet, or they lie elsewhere")
        assert good is not None, f"{drills.count} drills, and none succeeded" if drills.count else drills.none
        drills.require_past(good)
        it.holds(limits.within, age, f"the newest drill that succeeded is {age} old")


def _examine_newest(drill: Drill, drills: Drills, limits: RestoreLimits, examine: Examination) -> None:
    """What failed since then is news, however young the success before it is."""
    under_way = drills.moment(drill.began, "its record") if drill.ended is None else None
    step = drill.failed
    with examine(drill, measured=step.name if step else "", limit=_EVER, since=under_way, grace=limits.lasts):
        drills.require_past(drill)
        assert step is None, step.told
        assert drill.ended is not None, "it has not ended: it was killed"
        assert drill.rto is not None, "it ended before all was restored and examined"
        assert not drill.left, f"it left behind: {drill.left}"


def _examine_counted(drill: Drill, examine: Examination) -> None:
    """One that compared nothing loaded without an error, which an empty database does, too."""
    with examine(
        Subject("drill", f"{drill.id} rows", key="rows"),
        measured=several(len(drill.rows), "table"),
        limit="compared",
    ):
        if not drill.counted:
            raise Undecided("the drill counted nothing: declare `counts`, rows by table beside each dump")
        if not drill.rows:
            raise Undecided("the counts beside the dump name no table")


def _examine_measured(drill: Drill, limits: RestoreLimits, examine: Examination) -> None:
    made = drill.dump.made if drill.dump is not None else None
    dump_age = (drill.began - made).total_seconds() if made is not None else None
    for name, limit, value, what in (
        ("RPO", limits.rpo, drill.rpo, "what was written in the last {} before the drill would be lost"),
        ("RTO", limits.rto, drill.rto, "it took {} until all was restored and examined"),
        ("dump", limits.dump, dump_age, "the dump was {} old"),
    ):
        if limit is None:
            continue
        found = Duration(value) if value is not None else None
        with examine(Subject("drill", f"{drill.id} {name}", key=name), measured=found, limit=limit) as it:
            if name == "RPO":
                drill.require_order()
            it.holds(limit, found, what.format(found))
