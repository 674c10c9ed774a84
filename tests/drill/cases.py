"""What can be wrong with a backup, made on the real server; what a drill and the rows say of each."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from checks.backup.check_restore_tested import RestoreLimits, check_restore_tested
from checks.recovery.check_data_integrity import IntegrityLimits, check_data_integrity
from opsproof import HIGH, Examination
from opsproof.model.moment import Clock, clocked
from opsproof.model.outcome import Outcome
from opsproof.model.target import Target
from opsproof.sources.drill.collector import DrillCollector
from opsproof.sources.drill.facts import MAKE, Drill, Drills, DrillsOf
from opsproof.testing.links import RecordingLink
from tests.drill.shop import Shop, now
from tests.drill.stored import BucketShop, in_bucket
from tests.testbed import process
from tests.testbed.services import postgres

LAST = b"-- PostgreSQL database dump complete\n"
LIMITS = RestoreLimits(within="92d", rpo="26h", rto="1h")  # type: ignore[arg-type]
_PROGRAM = """
import sys, json, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
from opsproof.drill import scratch
from opsproof.drill.perform import perform
from opsproof.testing.links import target_of
target = target_of("drill", **json.load(sys.stdin))
perform(target, scratch.proven(target, ()), lambda step: None)
"""


@dataclass(frozen=True)
class Case:
    """`fails`: what the newest drill says, empty where it succeeds; `tested`, `whole`: the two checks' outcomes."""

    name: str
    make: Callable[[Shop], None]
    fails: str = ""
    tested: Outcome = Outcome.FAIL
    whole: Outcome = Outcome.FAIL
    bucket: bool = False  # it takes a server of S3

    def target(self, shop: Shop) -> Target:
        """Where its dumps lie tells which records are of its drills."""
        return (BucketShop(shop.server, shop.folder) if self.bucket else shop).target()


def _good(shop: Shop) -> None:
    shop.backup()
    shop.drill()


def _custom(shop: Shop) -> None:
    shop.keep(shop.dump("-Fc"))
    shop.drill()


def _in_bucket(shop: Shop) -> None:
    with in_bucket(shop) as stored:
        stored.backup()
        stored.drill()


def _replaced(shop: Shop) -> None:
    """By one that would load, while a database is made for the one that was chosen."""
    with in_bucket(shop) as stored:
        key = stored.backup()
        other = gzip.compress(stored.dump(), 1)
        stored.drill(tell=lambda step: stored.put(str(key), other) if step == MAKE else None)


def _truncated(shop: Shop) -> None:
    whole = gzip.compress(shop.dump())
    shop.keep(whole[: len(whole) * 9 // 10])
    shop.drill()


def _truncated_custom(shop: Shop) -> None:
    whole = shop.dump("-Fc")
    shop.keep(whole[: len(whole) * 9 // 10])
    shop.drill()


def _another(shop: Shop) -> None:
    shop.run("DROP TABLE items", "DELETE FROM orders WHERE id = 2")
    shop.backup()
    shop.drill()


def _without_role(shop: Shop) -> None:
    shop.server.run("CREATE ROLE reports")
    shop.run("ALTER TABLE items OWNER TO reports")
    dumped = shop.dump()
    shop.run("ALTER TABLE items OWNER TO app")
    shop.server.run("DROP ROLE reports")
    shop.keep(gzip.compress(dumped))
    shop.drill()


def _old(shop: Shop) -> None:
    shop.run("UPDATE orders SET made = made - interval '3 days'")
    shop.backup(made=now() - timedelta(days=3))
    shop.drill()


def _none(shop: Shop) -> None:
    shop.drill()


@contextmanager
def _small_disk() -> Iterator[Path]:
    """48 MB, as root may mount them."""
    with tempfile.TemporaryDirectory(prefix="opsproof-disk-") as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=755", "tmpfs", name], check=True)
        postgres.own_file(Path(name))
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def _full_disk(shop: Shop) -> None:
    """New databases lie where template0 does: on a disk that is too small for the data."""
    shop.run("INSERT INTO items SELECT n, repeat(md5(n::text), 30) FROM generate_series(10, 60000) AS n")
    shop.keep(gzip.compress(shop.dump(), 1))
    with _small_disk() as disk:
        shop.server.run(
            f"CREATE TABLESPACE small OWNER drill LOCATION '{disk}'",
            "ALTER DATABASE template0 SET TABLESPACE small",
        )
        try:
            shop.drill()
        finally:
            shop.server.run("ALTER DATABASE template0 SET TABLESPACE pg_default", "DROP TABLESPACE small")


def started(shop: Shop) -> subprocess.Popen[bytes]:
    """A drill in a process of its own, of a dump that loads until somebody ends it; it is loading."""
    shop.keep(shop.dump() + b"SELECT pg_sleep(3600);\n" + LAST)
    made = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, start_new_session=True)
    assert made.stdin is not None
    with made.stdin as pipe:
        pipe.write(msgspec.json.encode(shop.drill_settings))
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600);'"
    process.await_that("it loads", lambda: shop.server.run(sleeping))
    return made


def _killed(shop: Shop) -> None:
    drilling = started(shop)
    assert len(shop.databases) == 1
    os.killpg(drilling.pid, signal.SIGKILL)
    drilling.wait()
    process.await_that("its database is gone", lambda: not shop.databases)


CASES = (
    Case("a plain dump, gzipped", _good, "", Outcome.PASS, Outcome.PASS),
    Case("a custom dump", _custom, "", Outcome.PASS, Outcome.PASS),
    Case("in a bucket", _in_bucket, "", Outcome.PASS, Outcome.PASS, bucket=True),
    Case(
        "in a bucket, and replaced after it was chosen",
        _replaced,
        "load the dump: the object was replaced while it was read",
        bucket=True,
    ),
    Case("cut off at nine tenths", _truncated, "load the dump: what gzip packed is cut off"),
    Case(
        "a custom dump cut off at nine tenths, whose contents list well",
        _truncated_custom,
        "load the dump: pg_restore cannot read it to its end",
    ),
    Case(
        "of another database",
        _another,
        "count the rows: 2 of 2 tables have other rows than were counted for the dump",
    ),
    Case(
        "a role of it is missing on the new server",
        _without_role,
        "load the dump: something that the dump refers to does not exist, such as the role that owns a table"
        " (SQLSTATE 42704)",
    ),
    Case("older than the limit of 26 h", _old, "", Outcome.FAIL, Outcome.PASS),
    Case("the scratch server's disk is full", _full_disk, "load the dump: the disk is full (SQLSTATE 53100)"),
    Case("killed in the middle (SIGKILL, with all its children)", _killed, "it has not ended: it was killed"),
    Case("there is no dump", _none, "choose the newest dump: no file"),
)


@dataclass(frozen=True)
class Found:
    """What came of a case: the newest drill, and what the two checks say on its record."""

    drill: Drill
    tested: Outcome
    whole: Outcome

    @property
    def failure(self) -> str:
        if self.drill.failed is not None:
            return self.drill.failed.told
        return "" if self.drill.ended is not None else "it has not ended: it was killed"


def found(at: Target) -> Found:
    """What the rows decide on the records that are there."""
    records = _records(at)
    assert records.newest is not None
    tested, whole = Examination(level=HIGH), Examination(level=HIGH)
    # A killed one is under way for as long as one may take; after that it is a failure.
    check_restore_tested(records, LIMITS.model_copy(update={"lasts": 0.0}), tested)
    check_data_integrity(records, IntegrityLimits(lasts="0s", proves=("loads", "rows")), whole)  # type: ignore[arg-type]
    return Found(records.newest, _worst(tested), _worst(whole))


def _records(at: Target) -> Drills:
    link = RecordingLink(at)
    facts = DrillCollector(at).collect(DrillsOf(target=at.id, role="drill"), link)
    assert link.clock is not None
    return clocked(facts, Clock(link.clock, at.id))


def _worst(examine: Examination) -> Outcome:
    outcomes = {one.outcome for one in examine.findings}
    return next((one for one in (Outcome.FAIL, Outcome.UNKNOWN) if one in outcomes), Outcome.PASS)
