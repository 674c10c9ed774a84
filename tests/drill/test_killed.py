"""A drill that is killed, and a server whose disk is full."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from opsproof.sources.drill.facts import LOAD, Drill
from tests.drill.shop import Shop
from tests.testbed import process
from tests.testbed.services import postgres

_LAST = b"-- PostgreSQL database dump complete\n"
_PROGRAM = """
import sys, json
from opsproof.drill import scratch
from opsproof.drill.perform import perform
from opsproof.testing.links import target_of
told = json.load(sys.stdin)
into = scratch.proven(target_of("postgres", identity=told["identity"], **told["postgres"]), ())
perform(target_of("drill", **told["drill"]), into, lambda step: None)
"""


def _slow(shop: Shop) -> None:
    """A dump that loads until somebody ends it."""
    shop.keep(shop.dump() + b"SELECT pg_sleep(3600);\n" + _LAST)


def _started(shop: Shop) -> subprocess.Popen[bytes]:
    told = {
        "identity": {"system-identifier": shop.system},
        "postgres": shop.scratch_settings,
        "drill": shop.drill_settings,
    }
    made = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, start_new_session=True)
    assert made.stdin is not None
    made.stdin.write(msgspec.json.encode(told))
    made.stdin.close()
    return made


def _loading(shop: Shop) -> bool:
    return bool(shop.server.run("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600);'"))


@pytest.mark.parametrize("whole_group", [False, True])
def test_killed_in_the_middle_it_leaves_nothing_on_the_server(shop: Shop, whole_group: bool) -> None:
    _slow(shop)
    drilling = _started(shop)
    process.await_that("it loads", lambda: _loading(shop))
    assert len(shop.databases) == 1
    if whole_group:
        os.killpg(drilling.pid, signal.SIGKILL)
    else:
        os.kill(drilling.pid, signal.SIGKILL)
    drilling.wait()
    process.await_that("its database is gone", lambda: not shop.databases)
    (record,) = shop.records.iterdir()
    left = msgspec.json.decode(record.read_bytes(), type=Drill)
    assert left.ended is None
    assert not left.good


def test_interrupted_it_cleans_up_itself_and_says_so(shop: Shop) -> None:
    _slow(shop)
    drilling = _started(shop)
    process.await_that("it loads", lambda: _loading(shop))
    drilling.send_signal(signal.SIGINT)
    drilling.wait()
    assert shop.databases == set()
    (record,) = shop.records.iterdir()
    left = msgspec.json.decode(record.read_bytes(), type=Drill)
    assert left.ended is not None
    assert not left.good


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_fails_the_load_by_its_sqlstate(shop: Shop) -> None:
    """New databases lie where template0 does: on a disk that is too small for the data."""
    shop.run("INSERT INTO items SELECT n, repeat(md5(n::text), 30) FROM generate_series(10, 60000) AS n")
    shop.keep(gzip.compress(shop.dump(), 1))
    with _small_disk() as disk:
        shop.server.run(
            f"CREATE TABLESPACE small OWNER drill LOCATION '{disk}'",
            "ALTER DATABASE template0 SET TABLESPACE small",
        )
        try:
            step = shop.drill().failed
        finally:
            shop.server.run("ALTER DATABASE template0 SET TABLESPACE pg_default", "DROP TABLESPACE small")
    assert step is not None
    assert (step.name, step.failure, step.sqlstate) == (LOAD, "the disk is full", "53100")
    assert shop.databases == set()
