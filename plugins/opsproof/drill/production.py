"""What any environment calls production, by its identity and by its addresses."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator

from opsproof.environment.environment import Environment
from opsproof.model.hosts import ascii_host
from opsproof.model.target import Target

_NAMED = re.compile(r"(?:^|[-_.])(?:prod(?:uction)?|prd|live)(?:$|[-_.\d])", re.IGNORECASE)


def found(environments: Iterable[Environment], same: Callable[[Target], bool]) -> str:
    """The first target of production that is the same; empty: none is."""
    for environment in environments:
        if _NAMED.search(environment.name):
            for role, target in environment.targets.items():
                if same(target):
                    return f"targets.{role} of {environment.id}"
    return ""


def addresses(places: Iterable[str]) -> set[str]:
    """Of each host:port what its name means now, beside the name itself."""
    return {address for place in places for address in _addresses(place)}


def _addresses(place: str) -> Iterator[str]:
    host, _, port = place.rpartition(":")
    host = host if host.startswith("/") else ascii_host(host)
    yield f"{host}:{port}"
    if host.startswith("/"):
        return
    try:
        for entry in socket.getaddrinfo(host, port):
            yield f"{entry[4][0]}:{port}"
    except (OSError, UnicodeError):
        return  # a name that means nothing here is compared as it is
