"""Handshakes in which a server wants something, shows nothing, or speaks another protocol.

All are about the hosts of one row, so that they run in groups whose other scenarios leave them alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.databases import unasked
from tests.faults.elsewhere import reached
from tests.faults.monitoring import CLIENTS, JOBS
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.faults.scenarios.servers_gone import routed
from tests.testbed import place
from tests.testbed.services import faults, nginx, proxy

API, CERTIFICATE = "endpoint https://api.smartcloudops.ai/health", "certificate api.smartcloudops.ai:443"


@scenario(
    "a server wants a certificate of its callers",
    situation="forbidden",
    group="metrics beyond lower limits only",
    proves=("certificates/expiry",),
)
def wanted() -> Iterator[Changes]:
    """It shows its own all the same: what can be seen is decided."""
    with nginx.wanting_a_certificate("api.smartcloudops.ai"):
        said = "3 of 3 probes: HTTP 400; needed 200"
        refused = fail("critical", API, measured="3", message=said)
        yield {"SC-055": refused, "SC-060": refused}


@scenario(
    "the broker accepts connections and never answers",
    situation="slow",
    group="metrics beyond lower limits only",
)
def mute_broker() -> Iterator[Changes]:
    """Refused is a failure; of silence the runbook says that it decides nothing."""
    with (
        proxy.before("redis-broker", faults.hang(), protocol="tcp") as gate,
        reached("opsforge", "redis", port=gate.port, budget={"deadline": "9s"}),
    ):
        yield {
            "OF-002": unknown("critical", "cache redis", message="*no * in time"),
            "OF-069": unknown("high", "source memory", message="*no * in time"),
            "OF-008": unknown("critical", "source queues", message="*no * in time"),
            "OF-042": unknown("high", "source queues", message="*no * in time"),
            # Its exporter is lost in the same group.
            "OF-070": unknown("medium", "source server", *CLIENTS),
            "OF-071": unknown("critical", "source server", message="*no * in time"),
            "OF-016": unknown("critical", "source server", message="*no * in time"),
            "OF-097": unknown("high", "source redis", message="*no * in time"),
            "OF-075": unknown("high", "source server", message="*no * in time"),
        }


@scenario(
    "the database and the cache accept connections and never answer",
    situation="slow",
    group="metrics with a gap",
)
def mute_stores() -> Iterator[Changes]:
    """Where the runbook says so silence decides nothing; a row that says nothing of it fails."""
    with (
        proxy.before("postgres", faults.hang(), protocol="tcp") as database,
        proxy.before("redis", faults.hang(), protocol="tcp") as cache,
        reached("repo-scanner", "postgres", port=database.port, budget={"deadline": "9s"}),
        reached("repo-scanner", "redis", port=cache.port, budget={"deadline": "15s"}),
    ):
        late, mute = "*no * in time", {"measured": "3", "message": "3 of 3 probes: *no * in time"}
        yield {
            # In the same group the recording has a gap.
            "RS-005": unknown("high", "source queues", *JOBS),
            "RS-006": unknown("critical", "database postgres", message=late),
            "RS-007": unknown("high", "cache redis", message=late),
            "RS-027": fail("critical", "database postgres", **mute),
            "RS-064": fail("high", "database postgres", "cache redis", **mute),
            "RS-104": unknown("medium", "source sessions", message=late),
            **unasked(late, "RS"),
        }


@scenario("a server has no certificate for its name", situation="empty", group="metrics missing")
def rejected() -> Iterator[Changes]:
    with nginx.rejecting("api.smartcloudops.ai"):
        refused = fail("critical", API, measured="3", message="3 of 3 probes: TLS: *")
        yield {
            "SC-055": refused,
            "SC-060": refused,
            "SC-101": fail("high", CERTIFICATE, measured="", message="no handshake: *"),
        }


@scenario("a server speaks plain HTTP where TLS should be", situation="garbage", group="metrics with a gap")
def plain() -> Iterator[Changes]:
    there = f"{place.HOST}:{place.PORTS['nginx-http']}"
    with routed("smartcloudops", {"api.smartcloudops.ai:443": there}):
        refused = fail("critical", API, measured="3", message="3 of 3 probes: TLS: *")
        yield {
            "SC-055": refused,
            "SC-060": refused,
            "SC-101": fail("high", CERTIFICATE, measured="", message="no handshake: *"),
        }


@scenario("a web server listens where the broker was", situation="garbage", group="metrics with a gap")
def web_server() -> Iterator[Changes]:
    with reached("opsforge", "redis", port=place.PORTS["nginx-http"]):
        yield {
            "OF-002": unknown("critical", "cache redis", message="*"),
            "OF-069": unknown("high", "source memory", message="*"),
            # In the same group the recording has a gap.
            "OF-008": unknown("critical", "source queues", *JOBS),
            "OF-042": unknown("high", "source queues", message="*"),
            "OF-070": unknown("medium", "source server", CLIENTS[0]),
            "OF-071": unknown("critical", "source server", message="*"),
            "OF-016": unknown("critical", "source server", message="*"),
            "OF-097": unknown("high", "source redis", message="*"),
            "OF-075": unknown("high", "source server", message="*"),
        }
