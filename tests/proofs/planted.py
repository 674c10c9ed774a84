"""Contents with marks in them, of which a run comes by some and may keep none."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone

from tests.testbed import kubernetes_world as world
from tests.testbed import process, stored
from tests.testbed.services import files, postgres, redis, s3

CONTENTS = {
    "row of a dump": "planted-8Qc1-in-a-dump",
    "job": "planted-8Qc2-in-a-job",
    "Celery message": "planted-8Qc3-in-a-message",
    "entry of a stream": "planted-8Qc4-in-an-entry",
    "SQL of an ended statement": "planted-8Qc5-in-SQL-that-ended",
    "SQL of a running statement": "planted-8Qc6-in-SQL-that-runs",
    "Secret and ConfigMap": world.PLANTED_SECRET,
    "Secret in base64": base64.b64encode(world.PLANTED_SECRET.encode()).decode(),
}
_DATABASE = "smartcloudops"


@contextmanager
def contents() -> Iterator[None]:
    """In the healthy world, which stays healthy: in dumps that are read to their end, in SQL, and beside what is asked.

    The world's own Secrets hold a mark, and so does a key of each ConfigMap that no row names.
    """
    with ExitStack() as held:
        held.enter_context(_dumps())
        held.enter_context(_statement("SELECT 8, 5, length('')", CONTENTS["SQL of an ended statement"]))
        for server in redis.SERVERS:
            held.enter_context(_beside(server))
        yield


@contextmanager
def read() -> Iterator[None]:
    """Where checks fail over them: statements that are slow and that run for long, jobs that nobody takes."""
    job = json.dumps({"queued_at": time.time(), "password": CONTENTS["job"]})
    message = {"body": CONTENTS["Celery message"], "headers": {"argsrepr": CONTENTS["Celery message"]}}
    with ExitStack() as held:
        held.enter_context(contents())
        held.enter_context(_statement("SELECT 8, 5, pg_sleep(3)", CONTENTS["SQL of an ended statement"]))
        held.enter_context(_running(CONTENTS["SQL of a running statement"]))
        for server in redis.SERVERS:
            redis.rest(server)
            held.callback(redis.work, server)
        held.enter_context(redis.queued("redis", "scanner:jobs", job))
        held.enter_context(redis.queued("redis-broker", "celery", json.dumps(message)))
        yield


@contextmanager
def _dumps() -> Iterator[None]:
    """Last night's, in a bucket and in a folder: as large as ever, and one row is another."""
    night = next(stored.nights(datetime.now(timezone.utc)))
    mark = CONTENTS["row of a dump"]
    plain = stored.dump()
    changed = plain.replace(b"7\tcustomer ", f"7\t{mark} ".encode(), 1)
    assert changed != plain
    dump = stored.packed(changed)
    with (
        s3.replaced("accelerapp-backups", f"{night:%Y/%m/db-%Y%m%d.sql.gz}", dump, night),
        files.replaced("smartcloudops", f"{night:%Y%m%d_%H%M%S}/database.sql.gz", dump, night),
    ):
        yield


@contextmanager
def _statement(statement: str, mark: str) -> Iterator[None]:
    """The application has made it: the server keeps its text, comments and names included."""
    with postgres.connect(f"{_DATABASE}_app", _DATABASE) as session:
        session.execute(f'{statement} AS "{mark}" /* {mark} */'.encode())
    try:
        with postgres.connect("postgres", _DATABASE) as admin:
            found = admin.execute(
                f"SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%{mark}%'".encode()
            )
            row = found.fetchone()
            assert row is not None and row[0], "the server kept no text"
        yield
    finally:
        with postgres.connect("postgres", _DATABASE) as admin:
            admin.execute(
                "SELECT pg_stat_statements_reset(userid, dbid, queryid) FROM pg_stat_statements"
                f" WHERE query LIKE '%{mark}%'".encode()
            )


@contextmanager
def _running(mark: str) -> Iterator[None]:
    session = postgres.connect(f"{_DATABASE}_app", _DATABASE)
    text = f"SELECT pg_sleep(3600) /* {mark} */"
    session.pgconn.send_query(text.encode())
    ask = f"SELECT pid FROM pg_stat_activity WHERE query = '{text}' AND state = 'active'".encode()
    with postgres.admin() as admin:
        process.await_that("the statement to run", lambda: admin.execute(ask).fetchone())
    try:
        yield
    finally:
        session.cancel()
        session.close()


@contextmanager
def _beside(server: str) -> Iterator[None]:
    """Under keys that no environment names."""
    keys = redis.admin(server)
    keys.lpush("planted:jobs", CONTENTS["job"])
    keys.xadd("planted:events", {"payload": CONTENTS["entry of a stream"]})
    keys.hset("planted:unacked", "tag", CONTENTS["Celery message"])
    try:
        yield
    finally:
        keys.delete("planted:jobs", "planted:events", "planted:unacked")
