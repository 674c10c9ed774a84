"""Statements that are slow on average."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from opsproof import MEDIUM, AtMost, Count, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.examine.deciding import deciding
from opsproof.sources.postgres.statements import Statement, Statements, StatementsOf
from opsproof.sources.postgres.told import Postgres


class SlowQueryLimits(Limits):
    """`mean`: of a statement that was called at least `calls` times since the statistics were reset.

    What is left of them after a reset says little: `since` is how old they have to be. `without_roles`: patterns
    of roles whose statements may be slow, e.g. of backups.
    """

    mean: AtMost[Duration]
    calls: Count = Count(10)
    since: Duration = Duration.parse("1d")
    without_roles: Scoped[tuple[str, ...]] = ()
    standby: Scoped[bool] = False


@check("database/slow-queries", title="No statement is slow on average", level=MEDIUM)
def check_slow_queries(
    statements: Annotated[Statements, Postgres(StatementsOf)], limits: SlowQueryLimits, examine: Examination
) -> None:
    """One slow statement that is called often takes the database's time from all the others."""
    with deciding(examine, statements.subject):
        statements.require_complete()
        statements.require_primary(standby=limits.standby)
        _require_recorded(statements)
        for statement in statements.slowest:
            _examine_statement(statement, limits, examine)
        _examine_rest(statements, limits, examine)
    if statements.evicted:
        examine.note("statements were thrown out for want of room: raise pg_stat_statements.max")


def _require_recorded(statements: Statements) -> None:
    """Raises Undecided: nothing is, and what to do."""
    if not statements.loaded:
        raise Undecided(
            "pg_stat_statements is not loaded: add it to shared_preload_libraries and restart the server"
        )
    if not statements.installed:
        raise Undecided(f"run CREATE EXTENSION pg_stat_statements in the database {statements.database}")
    if statements.track == "none":
        raise Undecided("pg_stat_statements.track is none: what it holds is old; set it to top")
    if statements.track == "no ids":
        raise Undecided("compute_query_id is off: what pg_stat_statements holds is old; set it to auto")


def _examine_statement(statement: Statement, limits: SlowQueryLimits, examine: Examination) -> None:
    mean = Duration(statement.mean / 1000)
    if statement.command:
        examine.exclude(statement, "a maintenance command, which takes its time")
    elif any(fnmatchcase(statement.role, pattern) for pattern in limits.without_roles):
        examine.exclude(statement, "of a role that the row leaves out")
    elif statement.calls < limits.calls:
        examine.exclude(statement, f"called fewer than {limits.calls} times")
    else:
        with examine(statement, measured=mean, limit=limits.mean) as it:
            longest = Duration(statement.longest / 1000)
            it.holds(
                limits.mean, mean, f"{mean} on average of {statement.calls} calls, the longest took {longest}"
            )


def _examine_rest(statements: Statements, limits: SlowQueryLimits, examine: Examination) -> None:
    """Whether what is there can tell: it was recorded for long enough, and all of it was listed."""
    more = statements.total - len(statements.slowest)
    if more > 0 and not limits.mean.allows(statements.slowest[-1].mean / 1000 if statements.slowest else 0):
        examine.unknown(Subject("statements", "others"), Undecided(f"{more} more are not listed"))
    others = any(one.role != statements.user for one in statements.slowest)
    age = statements.age(statements.since)
    if statements.slowest and not others:
        why = f"only statements of {statements.user}, as whom opsproof comes, are recorded"
        examine.unknown(statements, Undecided(why))
    elif age is None:
        examine.unknown(
            statements,
            Undecided("since when is not told: run ALTER EXTENSION pg_stat_statements UPDATE (1.9 or later)"),
        )
    elif not examine.findings and age.least < limits.since:
        why = f"its statistics were reset {age} ago: a mean needs {limits.since}; decide again then"
        examine.unknown(statements, Undecided(why))
    elif not examine.findings and not examine.passed and statements.total:
        # Recorded, and for long: that none was called often enough is an answer.
        with examine(statements, measured=Count(0)):
            pass
