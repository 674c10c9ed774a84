"""Where the testbed keeps its files and which loopback ports its servers take."""

from __future__ import annotations

import os
from pathlib import Path

HOST = "127.0.0.1"

# One block of ports, so that environments checked into the repository can name them.
PORTS = {
    "etcd": 27379,
    "etcd-peer": 27380,
    "kubernetes": 27443,
    "kubernetes-new": 27445,
    "controller-manager": 27257,
    "scheduler": 27259,
    "kwok": 27247,
    "metrics-server": 27444,
    "prometheus": 27090,
    "alertmanager": 27093,
    "exporter": 27100,
    "smtp": 27025,
    "postgres": 27432,
    "redis": 27637,
    "redis-broker": 27638,
    "redis-tls": 27639,
    "nginx-http": 27080,
    "nginx-https": 27081,
}


def cache() -> Path:
    """Built programs, kept between checkouts: `$OPSPROOF_TESTBED_CACHE`, else the user's cache."""
    named = os.environ.get("OPSPROOF_TESTBED_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(named) if named else base / "opsproof-testbed"


def state() -> Path:
    """What the running servers write: `$OPSPROOF_TESTBED_STATE`, else a folder in the cache.

    Credentials that the testbed's environments refer to lie in `credentials/` below it.
    """
    named = os.environ.get("OPSPROOF_TESTBED_STATE")
    return Path(named) if named else cache() / "state"
