"""Databases that are slow, held up, not maintained, or not as their runbooks say."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.elsewhere import limited, reached
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.faults.worlds import recorded
from tests.testbed import kubernetes_object_faults as object_faults
from tests.testbed.services import pgbouncer, postgres_faults
from tests.testbed.services.world import World

WORN, DARK = "databases are worn", "databases tell less than they did"


@scenario("queries run for too long, and a transaction was left open", group=WORN)
def held() -> Iterator[Changes]:
    with (
        limited("enterprise-platform", "EP-093", query="2s", active=0),
        limited("accelerapp", "AC-133", query="2s"),
        limited("smartcloudops", "SC-030", idle="2s"),
        postgres_faults.busy("accelerapp", older=4),
        postgres_faults.left_open("smartcloudops", older=4),
    ):
        said = "role accelerapp_app (application testbed) is active, query id *, for *s"
        query = fail("medium", "session accelerapp/*", measured="*s", message=said)
        yield {
            "AC-133": query,
            "EP-093": fail("medium", *query.subjects, "database postgres"),
            "SC-030": fail(
                "medium",
                "session smartcloudops/*",
                measured="*s",
                message="role smartcloudops_app (application testbed) is idle in transaction, query id *, for *s",
            ),
        }


@scenario("statements are slow on average", group=WORN)
def slow() -> Iterator[Changes]:
    with (
        postgres_faults.slow_statements("reposcanner", calls=10, seconds=1.1),
        postgres_faults.slow_statements("accelerapp", calls=10, seconds=0.6),
        postgres_faults.slow_statements("smartcloudops", calls=11, seconds=1.1),
    ):
        said = "*s on average of {} calls, the longest took *s"
        slowest = fail("medium", "statement smartcloudops_app/*", measured="*s", message=said.format(11))
        yield {
            "RS-102": fail("medium", "statement reposcanner_app/*", measured="*s", message=said.format(10)),
            "AC-078": fail(
                "medium", "statement accelerapp_app/*", measured="*ms", message="*ms on average of 10 *"
            ),
            "SC-067": slowest,
            "SC-105": slowest,
        }


@scenario("tables were written to, and not maintained since", group=WORN)
def unmaintained() -> Iterator[Changes]:
    with (
        limited("enterprise-platform", "EP-071", age="1s"),
        limited("enterprise-platform", "EP-091", age="1s"),
        limited("smartcloudops", "SC-068", age="1s"),
        limited("smartcloudops", "SC-089", age="1s"),
        postgres_faults.churned("anomaly_detection"),
        postgres_faults.churned("smartcloudops"),
    ):
        runs = {
            name: fail(
                "medium",
                f"vacuum public/{table}",
                f"analyze public/{table}",
                measured="*s",
                message="the last one was *s ago; * rows changed since; autovacuum is off",
            )
            for name, table in (("EP-071", "anomaly_detections"), ("SC-089", "incidents"))
        }
        dead = {
            name: fail("medium", *runs[of].subjects, f"dead tuples public/{table}")
            for name, of, table in (
                ("EP-091", "EP-071", "anomaly_detections"),
                ("SC-068", "SC-089", "incidents"),
            )
        }
        yield {**runs, **dead}


@scenario("indexes are not valid, are gone, or are others than the runbook names", group=WORN)
def unindexed() -> Iterator[Changes]:
    with (
        postgres_faults.index_failed("reposcanner", "scans"),
        postgres_faults.index_dropped("anomaly_detection", "idx_anomaly_timestamp"),
        postgres_faults.index_replaced(
            "smartcloudops", "idx_users_active", "CREATE INDEX idx_users_active ON users (is_active)"
        ),
    ):
        yield {
            "RS-103": fail(
                "low", "index public/scans_failed", measured="not valid", message="on scans, not valid: *"
            ),
            "EP-092": fail(
                "medium",
                "index idx_anomaly_timestamp",
                measured="absent",
                message="the database anomaly_detection has no such index",
            ),
            "SC-106": fail(
                "medium",
                "index public/idx_users_active",
                message="its predicate is none; needed is_active = true",
            ),
        }


@scenario("slow statements are no longer logged, nor are those of the application's role", group=WORN)
def unlogged() -> Iterator[Changes]:
    name = "log_min_duration_statement"
    with (
        postgres_faults.setting(name, "-1"),
        postgres_faults.role_setting("smartcloudops_app", name, "5000"),
    ):
        yield {
            "SC-104": fail(
                "medium", f"setting {name}", f"setting smartcloudops_app/{name}", message="*; needed 1000ms"
            )
        }


@scenario(
    "clients wait behind a pool that is used up, of a database that takes no more of them",
    group="queues that stand still",
)
def pooled_out() -> Iterator[Changes]:
    with pgbouncer.exhausted(), pgbouncer.disabled():
        yield {
            "RS-104": fail(
                "medium",
                f"pool {pgbouncer.DATABASE}/{pgbouncer.ROLE}",
                f"pooled database {pgbouncer.DATABASE}",
            )
        }


@scenario("the pools of the backend no longer fit the server, and echo what they do", group=DARK)
def overcommitted() -> Iterator[Changes]:
    with (
        postgres_faults.few_connections(),
        object_faults.config_value("smartcloudops", "backend-config", "DB_ECHO", "True"),
    ):
        yield {
            "SC-107": fail("low", "pool setting echo", measured="True", message="True; needed False"),
            "SC-108": fail(
                "critical",
                "deployment smartcloudops/backend",
                measured="525.8 %",
                message="10 replicas x 1 processes x (20 + 30) and 10 others may take 510 of 97 sessions",
            ),
        }


@scenario("nothing is recorded of statements, and nobody uses the pooler", situation="empty", group=DARK)
def unrecorded() -> Iterator[Changes]:
    with (
        postgres_faults.extension_dropped("reposcanner"),
        postgres_faults.extension_dropped("accelerapp"),
        postgres_faults.setting("pg_stat_statements.track", "none"),
        pgbouncer.unused(),
    ):
        dropped = "run CREATE EXTENSION pg_stat_statements in the database *"
        dark = "pg_stat_statements.track is none: *"
        yield {
            "RS-102": unknown("medium", "database postgres", message=dropped),
            "AC-078": unknown("medium", "database postgres", message=dropped),
            "SC-067": unknown("medium", "database postgres", message=dark),
            "SC-105": unknown("medium", "database postgres", message=dark),
            "RS-104": unknown(
                "medium", "pools pgbouncer", message="nobody but opsproof has asked for a session *"
            ),
        }


@scenario("nothing is counted of tables", group=DARK)
def uncounted() -> Iterator[Changes]:
    with postgres_faults.setting("track_counts", "off"):
        dark = unknown("medium", "database postgres", message="track_counts is off: *")
        yield {
            **dict.fromkeys(("EP-071", "EP-091", "SC-068", "SC-089"), dark),
            "EP-094": fail(
                "low",
                "table public/anomaly_detections",
                message="track_counts is off: nothing of it is counted",
            ),
        }


@scenario("a database holds nothing of what its runbook names", situation="empty", group="alert rules wrong")
def empty() -> Iterator[Changes]:
    """opsproof was led to another one of the same server."""
    with (
        reached("repo-scanner", "postgres", database="postgres"),
        reached("enterprise-platform", "postgres", database="postgres"),
        reached("smartcloudops", "postgres", database="postgres"),
    ):
        nothing = unknown("medium", "requirement *", message="nothing there to examine*")
        unrecorded = unknown("medium", "database postgres", message="run CREATE EXTENSION *")
        absent = "the database postgres has no such index"
        yield {
            **dict.fromkeys(("EP-071", "EP-091", "SC-068", "SC-089"), nothing),
            **dict.fromkeys(("RS-102", "SC-067", "SC-105"), unrecorded),
            "EP-094": unknown("low", "requirement *", message="nothing there to examine*"),
            "RS-103": unknown("low", "requirement *", message="nothing there to examine*"),
            "SC-066": unknown("low", "requirement *", message="nothing there to examine*"),
            "EP-092": fail("medium", "index idx_anomaly_timestamp", message=absent),
            "SC-106": fail(
                "medium", "index idx_anomalies_timestamp", "index idx_users_active", message=absent
            ),
        }


@recorded("a table has doubled within a month", group="metrics beyond every limit")
def grown(world: World) -> tuple[World, Changes]:
    world = world.with_value(
        "pg_stat_user_tables_table_size_bytes", 960 * 2**20, ago=86400, relname="incidents"
    )
    return world, {
        "SC-066": fail(
            "low",
            "growth of table public/incidents",
            measured="100 %",
            message="from 480Mi to 960Mi within 30d",
        )
    }
