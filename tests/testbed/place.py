"""Where the testbed keeps its files and which loopback ports its servers take."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

HOST = "127.0.0.1"
_STATE = "OPSPROOF_TESTBED_STATE"

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
    named = os.environ.get(_STATE)
    return Path(named) if named else cache() / "state"


def emptied() -> None:
    """Nothing is left of what servers of another day, or of other code, have written; a folder that is not theirs stays."""
    if not all((state() / name).is_dir() for name in ("credentials", "log", "run")):
        return
    for path in state().iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def free_ports() -> Iterator[Mapping[str, int]]:
    """Ports that nobody else is given meanwhile, and that a server may take as often as it starts."""
    with ExitStack() as held:
        found = {}
        for name in PORTS:
            holder = held.enter_context(socket.socket())
            holder.bind((HOST, 0))
            # Set after it was bound: others are kept away, and a server, which sets it too, is let in.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found[name] = holder.getsockname()[1]
        yield found


@contextmanager
def elsewhere(folder: Path, ports: Mapping[str, int]) -> Iterator[None]:
    """Meanwhile the servers are others than the testbed's: with their files in `folder` and on these ports."""
    kept, state_before = dict(PORTS), os.environ.get(_STATE)
    PORTS.update(ports)
    os.environ[_STATE] = str(folder)
    try:
        yield
    finally:
        PORTS.update(kept)
        if state_before is None:
            del os.environ[_STATE]
        else:
            os.environ[_STATE] = state_before
