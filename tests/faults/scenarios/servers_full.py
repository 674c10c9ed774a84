"""Servers that are full, still loading, refuse opsproof, or will soon be refused by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.databases import unasked
from tests.faults.elsewhere import edited
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.faults.scenarios.servers_answers import NOT_ISSUED
from tests.testbed.services import certificates, nginx, postgres_faults, redis
from tests.testbed.services.sites import Page, health

FULL, LOCKED = "servers are full", "servers refuse opsproof"
PROBED = ("AC-018", "EP-055", "EP-065", "RS-006", "RS-027", "SC-005", "SC-023")


@scenario("no session is left in the database", group=FULL)
def database_full() -> Iterator[Changes]:
    with postgres_faults.connections_filled(97):
        said = "3 of 3 probes: too many connections: no slot is left"
        database = fail("critical", "database postgres", measured="3", message=said)
        full = {"measured": "100 %", "message": "the server refuses new sessions: no slot is left"}
        yield {
            **dict.fromkeys(PROBED, database),
            "AC-130": fail("high", "database postgres", measured="3", message=said),
            "RS-104": fail("medium", "database postgres", **full),
            "SC-014": fail("high", "database postgres", **full),
            "SC-026": fail("critical", "database postgres", **full),
            **unasked("too many connections: no slot is left", total="how many sessions the server has *"),
            # RS-064 names the cache too, see `cache_loading`.
            "RS-064": fail("high", "database postgres", "cache redis", measured="3"),
        }


@scenario("the cache is still loading its data, and answers PING", group=FULL)
def cache_loading() -> Iterator[Changes]:
    with redis.loading("redis", seconds=60):
        said = "3 of 3 probes: *still loading its data*"
        yield {
            "RS-007": fail("high", "cache redis", measured="3", message=said),
            "SC-006": fail("critical", "cache redis", measured="3", message=said),
            "EP-005": fail("high", "cache redis", measured="3", message=said),
            "SC-111": unknown("medium", "cache redis", message="the server is still loading its data"),
            # Each command waits for a turn of the loading: all of them may be too many.
            "RS-005": unknown("high", "source *"),
        }


@scenario("nothing limits the broker's memory", group=FULL)
def unlimited() -> Iterator[Changes]:
    with redis.memory_unlimited("redis-broker"):
        yield {
            "OF-069": fail(
                "high",
                "cache redis",
                measured="",
                message="maxmemory is 0: nothing limits it; needed a limit",
            )
        }


@scenario("the name of a queue is mistyped in the environment", situation="empty", group=FULL)
def mistyped() -> Iterator[Changes]:
    """There is no such key, as there is none of a queue that is empty."""

    def change(document: Any) -> None:
        document["names"]["job_queue"] = {"key": "opsforge:job", "register_key": "opsforge:queues"}

    with edited("systems/opsforge/environments/testbed.yaml", change), redis.granted("%R~opsforge:job"):
        said = "there is no key opsforge:job, and the producer's set does not name it either*"
        yield {
            "OF-008": unknown("critical", "queue redis/opsforge:job", message=said),
            "OF-042": unknown("high", "queue redis/opsforge:job", message=said),
        }


@scenario("the health document says that Redis is down, with status 200", group=FULL)
def dependency_down() -> Iterator[Changes]:
    with nginx.serving("opsforge.example.com", "/health/detailed", health("worker", redis="down")):
        said = "3 of 3 probes: reports down; needed ok"
        yield {
            "OF-007": fail("critical", "dependency opsforge.example.com/redis", measured="3", message=said)
        }


@scenario("two certificates expire, one within two weeks", group=FULL)
def expiring() -> Iterator[Changes]:
    """The worse step is the level; both are named."""
    with (
        nginx.showing("smartcloudops.ai", certificates.issue("smartcloudops.ai", days=29)),
        nginx.showing("api.smartcloudops.ai", certificates.issue("api.smartcloudops.ai", days=10)),
    ):
        yield {
            "SC-101": fail(
                "high",
                "certificate smartcloudops.ai:443",
                "certificate api.smartcloudops.ai:443",
                measured="*d23h",
                message="it expires *UTC",
            ),
            "SC-103": NOT_ISSUED,
        }


@scenario("opsproof's role is at its own connection limit", situation="forbidden", group=LOCKED)
def role_full() -> Iterator[Changes]:
    """That says nothing about the sessions that applications can have."""
    with postgres_faults.role_at_limit():
        said = "the role opsproof is at its own CONNECTION LIMIT"
        database = unknown("critical", "database postgres", message=said)
        yield {
            **dict.fromkeys(PROBED, database),
            "AC-130": unknown("high", "database postgres", message=said),
            "RS-104": unknown("medium", "source sessions", message=said),
            "SC-014": unknown("high", "source sessions", message=said),
            "SC-026": unknown("critical", "source sessions", message=said),
            "RS-064": unknown("high", "database postgres", "cache redis"),
            **unasked(said),
        }


@scenario("opsproof may log in to the cache and do nothing", situation="forbidden", group=LOCKED)
def cache_forbidden() -> Iterator[Changes]:
    with redis.everything_forbidden("redis"):
        said = "PING: the ACL of opsproof lacks it; `opsproof rights` shows what is needed"
        yield {
            "RS-007": unknown("high", "cache redis", message=said),
            "SC-006": unknown("critical", "cache redis", message=said),
            "EP-005": unknown("high", "cache redis", message=said),
            "RS-005": unknown("high", "source queues", message="INFO*ACL of opsproof lacks it*"),
            "SC-110": unknown("high", "source server", message="INFO*ACL of opsproof lacks it*"),
            "SC-111": unknown("medium", "source server", message="INFO*ACL of opsproof lacks it*"),
        }


@scenario("the broker takes no further client", group=LOCKED)
def broker_full() -> Iterator[Changes]:
    with redis.clients_exhausted("redis-broker"):
        yield {
            "OF-002": fail(
                "critical", "cache redis", measured="3", message="3 of 3 probes: *too many connections"
            ),
            "OF-069": unknown("high", "source memory", message="*too many connections"),
            "OF-070": fail(
                "medium",
                "cache redis",
                measured="100 %",
                message="the server takes no further client: maxclients is reached",
            ),
            "OF-008": unknown("critical", "source queues", message="*too many connections"),
            "OF-042": unknown("high", "source queues", message="*too many connections"),
            "OF-071": unknown("critical", "cache redis", message="the server takes no further client"),
            "OF-016": unknown("critical", "cache redis", message="the server takes no further client"),
            "OF-097": unknown("high", "cache redis", message="the server takes no further client"),
            "OF-075": unknown("high", "replication redis", message="the server takes no further client"),
            "SC-008": unknown("high", "source queues", message="*too many connections"),
            "SC-009": unknown("critical", "cache redis-broker", message="the server takes no further client"),
        }


@scenario("URLs answer 401 and 403", situation="forbidden", group=LOCKED)
def denied() -> Iterator[Changes]:
    with (
        nginx.serving("api.accelerapp.io", "/health", Page("", status=401)),
        nginx.serving("opsforge.example.com", "/health/detailed", Page("", status=403)),
    ):
        yield {
            "AC-039": fail(
                "critical",
                "endpoint https://api.accelerapp.io/health",
                measured="3",
                message="3 of 3 probes: HTTP 401; needed 200",
            ),
            "OF-007": fail(
                "critical",
                "endpoint https://opsforge.example.com/health/detailed",
                measured="3",
                message="3 of 3 probes: HTTP 403; needed 200",
            ),
        }


@scenario("health documents are empty", situation="empty", group=LOCKED)
def empty() -> Iterator[Changes]:
    with (
        nginx.serving("api.accelerapp.io", "/health/detailed", Page("{}")),
        nginx.serving("external-api.example.com", "/health", Page("")),
        nginx.serving("scanner.yourcompany.com", "/api/v1/status", Page("")),
    ):
        yield {
            "AC-075": unknown(
                "high",
                "endpoint https://api.accelerapp.io/health/detailed",
                message="the document lists no dependency in a form that is known",
            ),
            "RS-026": fail(
                "high",
                "endpoint https://scanner.yourcompany.com/api/v1/status",
                measured="5",
                message="5 of 5 probes: HTTP 200, but no JSON; needed JSON",
            ),
        }
