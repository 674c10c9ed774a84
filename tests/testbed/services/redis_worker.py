"""A worker that takes the jobs of a server's queues as they come, and does nothing with them."""

from __future__ import annotations

import sys
import time

from redis import RedisError

from tests.testbed.services import redis


def main(server: str) -> None:
    keys = [key for queue in redis.QUEUES[server] for key in queue.lists]
    client = redis.connect(server, "admin", seconds=3600)
    while True:
        # A server that is made a replica, or is away for a while, sends its waiting clients off.
        try:
            client.brpop(keys, timeout=0)
        except RedisError:
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
