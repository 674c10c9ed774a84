"""Certificates on ordinary days: one was renewed a moment ago, and one lives for an hour."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, scenario, transition
from tests.testbed.services import cert_manager


@scenario(
    "a certificate was renewed a moment ago, and the server has not read it yet",
    situation="ordinary",
    group="backups",
    proves=("certificates/rotation", "certificates/manager-ready"),
)
def renewed() -> Iterator[Changes]:
    with cert_manager.renewed() as serial:
        message = f"it shows serial *; revision * has {serial}"
        yield {"SC-103": transition("medium", "certificate smartcloudops.ai:443", message=message)}


@scenario(
    "a certificate lives for an hour",
    situation="ordinary",
    group="backups",
    proves=("certificates/expiry", "certificates/manager-ready"),
)
def brief() -> Iterator[Changes]:
    """Whatever is asked for in days it will never have."""
    with cert_manager.brief("opsforge"):
        yield {}
