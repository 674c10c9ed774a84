"""Mistakes by which a store or a queue looks well that is not."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

STORES = (
    Slip(
        "a queue that nobody names is an empty one",
        f"{_P}/examine/queues.py",
        "    if queue.there or queue.registered or",
        "    if True or",
        "checks/queue",
    ),
    Slip(
        "a key that an exporter watches was a queue once",
        f"{_P}/examine/queues.py",
        "(recorded.single() or 0) > 0",
        "recorded.single() is not None",
        "checks/queue",
    ),
    Slip(
        "a server's start is its last snapshot",
        "checks/cache/check_persistence.py",
        "(last - started).total_seconds() > _BETWEEN",
        "(last - started).total_seconds() > -_BETWEEN",
        "checks/cache",
    ),
    Slip(
        "a replica's own policy is its master's",
        f"{_P}/sources/redis/server.py",
        '        if found.part == "slave":\n            raise Undecided(\n',
        "        if False:\n            raise Undecided(\n",
        "checks/cache",
    ),
    Slip(
        "counters of two starts of a server have a difference",
        f"{_P}/sources/redis/server.py",
        "or len(runs) > 1",
        "",
        "checks/cache",
    ),
    Slip(
        "a consumer that a group remembers takes jobs",
        "checks/queue/check_workers_alive.py",
        "return count if own is None else min(own, max(count, _lively(queue)))",
        "return count if own is None else own",
        "checks/queue",
    ),
    Slip(
        "jobs that wait while somebody listens are being done",
        "checks/queue/check_workers_alive.py",
        "    elif not limits.recorded:\n",
        "    elif False:\n",
        "checks/queue",
    ),
    Slip(
        "slots that nobody serves are no fault of a cluster that is ok",
        "checks/recovery/check_failover_ready.py",
        "    if cluster.covered < SLOTS:\n",
        "    if False:\n",
        "checks/recovery",
    ),
    Slip(
        "a master's start excuses that its Sentinels are lost",
        "checks/recovery/check_failover_ready.py",
        "return sentinel.known and not lost and not barred",
        "return sentinel.known and not barred",
        "checks/recovery",
    ),
    Slip(
        "a Sentinel that is gone watches on",
        "checks/recovery/check_failover_ready.py",
        "    if sentinel.usable is not None:\n",
        "    if False:\n",
        "checks/recovery",
    ),
    Slip(
        "any master will do that a Sentinel watches",
        "checks/recovery/check_failover_ready.py",
        "own != sentinel.run_id",
        "False",
        "checks/recovery",
    ),
    Slip(
        "jobs are read that no declared field asks for",
        f"{_P}/sources/redis/queue_reader.py",
        "    if queue.time:\n",
        "    if True:\n",
        "sources/redis/test_queues.py",
    ),
    Slip(
        "a group that is behind an unknown way is not behind",
        f"{_P}/sources/redis/queue_reader.py",
        '        "depth": lag,\n',
        '        "depth": lag or 0,\n',
        "sources/redis/test_queues.py",
    ),
)
