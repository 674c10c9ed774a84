"""Restore drills that are old, that failed, that restored something else, or of which nothing is known."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec

from opsproof.drill.scratch import PREFIX
from opsproof.sources.drill.facts import Drill
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.testbed import process
from tests.testbed.services import drills, postgres

LATE, FAILED, GONE = "drills are late or of the wrong data", "drills failed", "nothing is known of drills"
_LAST = b"-- PostgreSQL database dump complete\n"


@contextmanager
def kept(system: str) -> Iterator[Path]:
    """The records of a system, and its dumps, as they were afterwards."""
    folder = drills.folder(system)
    aside = folder.with_name(f".{system}.aside")
    shutil.copytree(folder, aside)
    try:
        yield drills.records(system)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)


def _rewritten(records: Path, change: Callable[[Drill], Drill]) -> Drill:
    """The one record, changed and under its new name."""
    (path,) = records.glob("*.json")
    changed = change(msgspec.json.decode(path.read_bytes(), type=Drill))
    path.unlink()
    (records / f"{changed.id}.json").write_bytes(msgspec.json.encode(changed))
    return changed


def aged(records: Path, days: int) -> Drill:
    """The same drill, made so many days earlier."""

    def earlier(drill: Drill) -> Drill:
        began = drill.began - timedelta(days=days)
        ended = drill.ended - timedelta(days=days) if drill.ended else None
        return msgspec.structs.replace(
            drill, id=f"{began:%Y%m%dT%H%M%SZ}-{drill.id[-6:]}", began=began, ended=ended
        )

    return _rewritten(records, earlier)


@scenario("no restore was tried for a quarter", group=LATE)
def for_a_quarter() -> Iterator[Changes]:
    with kept("accelerapp") as records, kept("enterprise-platform") as others:
        drill = aged(records, 100)
        aged(others, 93)
        late = fail("critical", f"drill {drill.id}", message="the newest drill is 100d* old")
        yield {
            "AC-097": fail(
                "high",
                "drills drill",
                measured="100d*",
                message="the newest drill that succeeded is 100d* old",
            ),
            "EP-111": fail(
                "high",
                "drills drill",
                measured="93d*",
                message="the newest drill that succeeded is 93d* old",
            ),
            "AC-095": late,
            "AC-096": late,
        }


@scenario("a restore was tried a week and a day ago, of a dump that was older than a week", group=LATE)
def for_a_week() -> Iterator[Changes]:
    with kept("repo-scanner") as records:
        aged(records, 8)

        def of_an_older(drill: Drill) -> Drill:
            assert drill.dump is not None
            old = msgspec.structs.replace(drill.dump, made=drill.began - timedelta(days=9))
            return msgspec.structs.replace(drill, dump=old)

        drill = _rewritten(records, of_an_older)
        yield {
            "RS-092": fail("critical", "drills drill", f"drill {drill.id} dump", measured="?d*"),
            "RS-144": fail("critical", f"drill {drill.id}", message="the newest drill is 8d old"),
        }


@scenario("the dump that was restored is another database's", group=LATE)
def of_another_database() -> Iterator[Changes]:
    with kept("smartcloudops"):
        counts = {**drills.counted("smartcloudops"), "public.customers": 7}
        drills.backup("smartcloudops", content=gzip.compress(drills.dump("smartcloudops")), counts=counts)
        drill = drills.drill("smartcloudops")
        yield {
            "SC-134": fail(
                "high",
                f"drill {drill.id}",
                measured="count the rows",
                message="count the rows: 1 of * tables have other rows than were counted for the dump",
            ),
            "SC-126": fail(
                "critical",
                f"drill {drill.id} rows",
                message="1 of * tables differ: public.customers has no such table of 7",
            ),
        }


@scenario("a drill's dump is cut off", group=FAILED)
def cut_off() -> Iterator[Changes]:
    with kept("accelerapp"):
        whole = gzip.compress(drills.dump("accelerapp"))
        drills.backup("accelerapp", content=whole[: len(whole) * 9 // 10])
        drill = drills.drill("accelerapp")
        why = "load the dump: what gzip packed is cut off"
        yield {
            "AC-097": fail("high", f"drill {drill.id}", measured="load the dump", message=why),
            "AC-096": fail("critical", f"drill {drill.id} loads", f"drill {drill.id} rows", message=why),
            "AC-095": unknown(
                "critical", f"drill {drill.id} alone", message="it ended before it could be seen*"
            ),
        }


@scenario("a session of another is in the restored database", group=FAILED)
def not_alone() -> Iterator[Changes]:
    """It comes while the dump is loading, which waits for it at its end."""
    waits = b"""
DO $$ BEGIN
  WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'smartcloudops_app') LOOP
    PERFORM pg_sleep(0.05), pg_stat_clear_snapshot();
  END LOOP;
END $$;
"""
    with kept("smartcloudops"):
        drills.backup(
            "smartcloudops", content=gzip.compress(drills.dump("smartcloudops").replace(_LAST, waits + _LAST))
        )
        with ThreadPoolExecutor() as pool:
            drilling = pool.submit(drills.drill, "smartcloudops")
            process.await_that("its database is there", _databases)
            with postgres.connect("smartcloudops_app", _databases()[0]):
                drill = drilling.result()
        yield {
            "SC-124": fail(
                "critical", f"drill {drill.id} alone", message="1 session of others in the restored database"
            )
        }


def _databases() -> list[str]:
    with postgres.admin() as session:
        query = "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, %s)"
        return [
            str(row[0]) for row in session.execute(query, [PREFIX]).fetchall() if row[0] != drills.TEMPLATE
        ]


@scenario("no drill was ever made", situation="empty", group=GONE)
def never() -> Iterator[Changes]:
    with kept("accelerapp") as records:
        for path in records.iterdir():
            path.unlink()
        none = fail("critical", "drills drill", measured="none", message="no drill was ever made")
        yield {
            "AC-097": fail("high", "drills drill", message="no drill was ever made"),
            "AC-095": none,
            "AC-096": none,
        }


@scenario("the folder of drills' records is not there", situation="unreachable", group=GONE)
def elsewhere() -> Iterator[Changes]:
    with kept("smartcloudops") as records:
        shutil.rmtree(records)
        lost = unknown("critical", "drills drill", message="there is no folder of records: *")
        yield {
            "SC-134": unknown("high", "drills drill", message="there is no folder of records: *"),
            "SC-124": lost,
            "SC-126": lost,
        }


@scenario("the newest record of a drill is damaged", situation="garbage", group=GONE)
def damaged() -> Iterator[Changes]:
    with kept("repo-scanner") as records:
        later = f"{datetime.now(timezone.utc) + timedelta(seconds=1):%Y%m%dT%H%M%SZ}-abcdef.json"
        (records / later).write_text('{"id": ')
        why = "the record * is damaged or no record"
        yield {
            "RS-092": unknown("critical", "*", message=why),
            "RS-144": unknown("critical", "*", message=why),
        }
