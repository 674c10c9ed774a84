"""Mistakes in what is made of a database's own statistics."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof/sources/postgres"

DATABASES = (
    Slip(
        "a copy that is being made is a standby",
        "checks/database/check_replication.py",
        'return one.state == "streaming" and not one.logical and not copies',
        "return not one.logical and not copies",
        "checks/database",
    ),
    Slip(
        "a standby that does not replay follows",
        "checks/database/check_replication.py",
        "assert not receiver.paused,",
        "assert receiver,",
        "checks/database",
    ),
    Slip(
        "a crash took no statistics away",
        f"{_P}/queries/opening.py",
        "greatest(d.stats_reset, a.stats_reset)",
        "d.stats_reset",
        "sources/postgres",
    ),
    Slip(
        "a mean of a minute is one",
        "checks/database/check_slow_queries.py",
        "age.least < limits.since",
        "False",
        "checks/database",
    ),
    Slip(
        "what statistics never saw was never written to",
        "checks/database/check_maintenance_age.py",
        "    if age is None and short and run.running is None:\n",
        "    if False:\n",
        "checks/database",
    ),
    Slip(
        "a standby's statistics are its primary's",
        f"{_P}/told.py",
        "        if self.standby and not standby:\n",
        "        if False:\n",
        "checks/database",
    ),
    Slip(
        "an index that is not ready is sound",
        f"{_P}/indexes.py",
        "return self.valid and self.ready and self.live",
        "return True",
        "checks/database sources/postgres",
    ),
    Slip(
        "a partial index is as good as a whole one",
        f"{_P}/reading/definition.py",
        "            if _plain(found) != _plain(wanted)\n",
        '            if what != "its predicate is" and _plain(found) != _plain(wanted)\n',
        "checks/database",
    ),
    Slip(
        "a pool without limit is an empty one",
        "checks/database/check_pool_settings.py",
        "    bounded = size > 0 and overflow >= 0\n",
        "    bounded = True\n",
        "checks/database",
    ),
    Slip(
        "a client that waits at its login waits no time at all",
        "checks/database/check_pooler.py",
        "    if full or not all(pool.longest for pool in pools):\n",
        "    if full:\n",
        "checks/database",
    ),
    Slip(
        "a console that does not list its own pool has listed all",
        f"{_P}/pooler_collector.py",
        "        if CONSOLE not in {pool.database for pool in pools} & {one.name for one in databases}:\n",
        "        if False:\n",
        "sources/postgres/test_pooler.py",
    ),
    Slip(
        "all of a ConfigMap is kept",
        "plugins/opsproof/sources/kubernetes/config_values.py",
        " if key in self.keys",
        "",
        "sources/kubernetes/test_config_values.py",
    ),
    Slip(
        "our own limit is final",
        f"{_P}/connector.py",
        "            for turn in range(PATIENCE + 1):\n",
        "            for turn in range(PATIENCE, PATIENCE + 1):\n",
        "sources/postgres",
    ),
)
