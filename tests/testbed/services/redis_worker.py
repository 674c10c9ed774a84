"""A worker that takes the jobs of some queues as they come, and does nothing with them: `PORT KEY ...`.

The admin's password is in REDISCLI_AUTH.
"""

from __future__ import annotations

import os
import sys
import time

from redis import Redis, RedisError


def main(port: str, *keys: str) -> None:
    client = Redis(port=int(port), username="admin", password=os.environ["REDISCLI_AUTH"])
    while True:
        # A server that is made a replica, or is away for a while, sends its waiting clients off.
        try:
            client.brpop(list(keys), timeout=0)
        except RedisError:
            time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
