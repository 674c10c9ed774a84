"""database/table-sizes on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec

from checks.database.check_table_sizes import TableSizeLimits, check_table_sizes
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.sources.postgres.tables import Table, Tables, TableSize, TableSizes
from opsproof.sources.prometheus.facts import Samples
from tests.checks.database.told import AS, ago, examined, outcomes, told
from tests.checks.measured import EMPTY, instant

MI = 2**20
COUNTED = Tables(
    **AS, counted=True, autovacuum=True, since=ago(days=9), total=1,
    tables=(Table(schema="public", name="orders", live=90, dead=10, sequential_scans=7, index_scans=3),),
)  # fmt: skip
UNNAMED = Failure("NotConfigured", "metrics.pg_table_bytes is not set")


def sizes(**mebibytes: float | None) -> TableSizes:
    tables = tuple(
        TableSize(schema="public", name=name, size=None if size is None else int(size * MI))
        for name, size in mebibytes.items()
    )
    return TableSizes(**AS, total=len(tables), size=900 * MI, tables=tables)


def metric(database: str = "shop", **mebibytes: float) -> Samples:
    labels = {
        "relname": list(mebibytes),
        "schemaname": ["public"] * len(mebibytes),
        "datname": [database] * len(mebibytes),
    }
    return instant(*(size * MI for size in mebibytes.values()), **labels)


def grown(now: Samples | Failure, then: Samples | Failure, **of: float | None) -> Examination:
    found = sizes(**of) if of else sizes(orders=150)
    return examined(check_table_sizes, None, found, now, then, limits=TableSizeLimits(growth="50%"))


def counted(facts: Any, name: str = "orders") -> Examination:
    limits = TableSizeLimits(tables=(name,), largest=0)
    return examined(check_table_sizes, facts, None, None, None, limits=limits)


def test_the_largest_tables_are_told() -> None:
    limits = TableSizeLimits(largest=2)
    examine = examined(check_table_sizes, None, sizes(a=30, b=20, c=10), None, None, limits=limits)
    assert (outcomes(examine), examine.passed) == ([], 1)
    assert examine.notes == ["public.a: 30Mi", "public.b: 20Mi"]


def test_a_database_without_tables_tells_nothing() -> None:
    facts = TableSizes(**AS, total=0, size=7 * MI, tables=())
    assert examined(check_table_sizes, None, facts, None, None, limits=TableSizeLimits()).nothing_examined


def test_a_table_that_somebody_holds_has_no_size_now() -> None:
    examine = examined(check_table_sizes, None, sizes(a=None, b=20), None, None, limits=TableSizeLimits())
    assert outcomes(examine) == ["unknown"]


def test_growth_is_measured_against_a_month_ago() -> None:
    assert outcomes(grown(metric(orders=150), metric(orders=100))) == []
    (found,) = told(grown(metric(orders=151), metric(orders=100)))
    assert found == ("fail", "growth of table public/orders", "from 100Mi to 151Mi within 30d")


def test_a_table_that_shrank_did_not_grow() -> None:
    assert outcomes(grown(metric(orders=10), metric(orders=100))) == []


def test_small_tables_may_grow_and_new_ones_have_no_before() -> None:
    examine = grown(metric(tiny=9, new=50, orders=1), metric(tiny=1, orders=1), tiny=9, new=50, orders=11)
    assert outcomes(examine) == []
    assert [str(one.examples[0]) for one in examine.excluded] == ["growth of table public/new"]


def test_another_databases_table_of_the_same_name_is_not_ours() -> None:
    (found,) = told(grown(metric("other", orders=9), metric(orders=1)))
    assert found[::2] == ("unknown", "no data: it has no samples now")


def test_without_samples_growth_is_undecided() -> None:
    (late,) = told(grown(metric(orders=9), EMPTY))
    assert late == ("unknown", "metric pg_table_bytes", "no data: it has no samples of 30d ago")
    (partly,) = told(grown(metric(other=9), metric(other=9)))
    assert partly == (
        "unknown", "growth of table public/orders", "no data: pg_table_bytes has no sample of it",
    )  # fmt: skip


def test_where_no_metric_is_named_growth_is_not_looked_at_and_that_is_said() -> None:
    examine = grown(UNNAMED, UNNAMED)
    assert (outcomes(examine), examine.passed) == ([], 1)
    assert examine.notes[-1] == "growth is not looked at: metrics.pg_table_bytes is not set"


def test_a_prometheus_that_is_away_leaves_growth_undecided() -> None:
    away = Failure("Unreachable", "connection refused", "prometheus:x")
    assert told(grown(away, away)) == [("unknown", "source growth", "connection refused")]


def test_a_named_tables_counts_are_told() -> None:
    examine = counted(COUNTED)
    assert (outcomes(examine), examine.passed) == ([], 1)
    assert examine.notes == [
        "public.orders: 7 sequential scans, 3 index scans, 10 dead tuples to 90 live ones"
    ]


def test_a_named_table_that_is_not_there_or_not_counted_fails() -> None:
    (absent,) = told(counted(COUNTED, "payments"))
    assert absent == ("fail", "table payments", "the database shop has no such table")
    (dark,) = told(counted(msgspec.structs.replace(COUNTED, counted=False)))
    assert dark == ("fail", "table public/orders", "track_counts is off: nothing of it is counted")


def test_no_table_at_all_or_a_standby_decides_nothing_of_a_named_one() -> None:
    assert counted(msgspec.structs.replace(COUNTED, tables=(), total=0)).nothing_examined
    assert outcomes(counted(msgspec.structs.replace(COUNTED, standby=True))) == ["unknown"]
    assert outcomes(counted(Failure("Unreachable", "connection refused", "postgres:x"))) == ["unknown"]
