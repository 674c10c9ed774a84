"""Servers that accept connections and break off, hang, drip, flood, or show what nobody can trust."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.databases import told, unasked
from tests.faults.elsewhere import reached
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.faults.scenarios.servers_answers import NOT_ISSUED
from tests.faults.scenarios.servers_gone import routed
from tests.testbed.services import (
    certificates,
    faults,
    nginx,
    pgbouncer,
    postgres_faults,
    proxy,
    redis,
    secrets,
)

GROUP = "servers break off, hang and flood"
BROKEN = "3 of 3 probes: the connection was closed without a complete answer"
INFO = "INFO: the ACL of opsproof lacks it; `opsproof rights` shows what is needed"
LATE = "3 of 3 probes: no complete answer in time"
SOON = {"deadline": "9s"}


@scenario(
    "one URL resets its connections and another's answers are cut off", situation="garbage", group=GROUP
)
def cut_off() -> Iterator[Changes]:
    wanted = (faults.truncated(40, "detailed"), faults.reset())
    with (
        proxy.before_site("api.accelerapp.io", *wanted) as gate,
        routed("accelerapp", {"api.accelerapp.io:443": gate.address}),
    ):
        yield {
            "AC-039": fail(
                "critical", "endpoint https://api.accelerapp.io/health", measured="3", message=BROKEN
            ),
            "AC-075": fail(
                "high",
                "endpoint https://api.accelerapp.io/health/detailed",
                measured="3",
                message="3 of 3 probes: the answer is truncated or damaged",
            ),
        }


@scenario("one server hangs and another sends a byte a second", situation="slow", group=GROUP)
def hanging() -> Iterator[Changes]:
    with (
        proxy.before_site("external-api.example.com", faults.hang()) as mute,
        proxy.before("nginx-http", faults.drip(1)) as dripping,
        routed(
            "enterprise-platform",
            {"external-api.example.com:443": mute.address, "anomaly-detection-api:80": dripping.address},
        ),
    ):
        api = fail("critical", "endpoint http://anomaly-detection-api/health", measured="3", message=LATE)
        yield {
            "EP-056": fail(
                "high", "endpoint https://external-api.example.com/health", measured="3", message=LATE
            ),
            "EP-064": api,
            "EP-083": api,
        }


@scenario("one answer is far too big, and another's words are hostile", situation="garbage", group=GROUP)
def flooding() -> Iterator[Changes]:
    wanted = (faults.hostile("status", "name", path="detailed"), faults.huge(6_000_000))
    with (
        proxy.before_site("opsforge.example.com", *wanted) as gate,
        routed("opsforge", {"opsforge.example.com:443": gate.address}),
    ):
        url = "endpoint https://opsforge.example.com/health"
        big = unknown("critical", url, message="more than 4194304 bytes")
        yield {
            "OF-027": big,
            "OF-034": big,
            "OF-007": unknown(
                "critical",
                "dependency opsforge.example.com/redis",
                "dependency opsforge.example.com/worker",
                "endpoint https://opsforge.example.com/health/detailed",
                message="the document gives * a state that is not known",
            ),
        }


@scenario("a certificate is another host's; the database is a standby; the cache refuses reads", group=GROUP)
def another_name() -> Iterator[Changes]:
    """PING is still answered: only the reads tell."""
    with (
        nginx.showing("scanner.yourcompany.com", certificates.issue("other.example.com")),
        postgres_faults.in_recovery(),
        redis.reads_forbidden("redis"),
    ):
        said = "3 of 3 probes: TLS: Hostname mismatch, *"
        url = "endpoint https://scanner.yourcompany.com"
        acl = "INFO *: the ACL of opsproof lacks it; `opsproof rights` shows what is needed"
        yield {
            **dict.fromkeys(
                ("RS-024", "RS-145"), fail("critical", f"{url}/health", measured="3", message=said)
            ),
            "RS-025": fail("high", f"{url}/health/detailed", measured="3", message=said),
            "RS-026": fail("high", f"{url}/api/v1/status", measured="5", message="5 of 5" + said[6:]),
            "RS-064": fail("high", f"{url}/health/detailed", measured="3", message=said),
            "RS-006": fail(
                "critical",
                "database postgres",
                measured="3",
                message="3 of 3 probes: in recovery: a standby answers; needed a primary",
            ),
            "RS-007": unknown("high", "cache redis", message=acl),
            "SC-006": unknown("critical", "cache redis", message=acl),
            "EP-005": unknown("high", "cache redis", message=acl),
            # The sizes of a standby are its primary's.
            **told("in recovery: a standby answers, *", "SC-066"),
            "RS-005": unknown("high", "source queues", message=acl),
            "SC-110": unknown("high", "source server", message=INFO),
            "SC-111": unknown("medium", "source server", message=INFO),
        }


@scenario(
    "certificates have expired, lack their intermediate, sign themselves, are not valid yet", group=GROUP
)
def untrusted() -> Iterator[Changes]:
    shown = {
        "smartcloudops.ai": certificates.issue("smartcloudops.ai", days=-2),
        "api.smartcloudops.ai": certificates.issue("api.smartcloudops.ai", without_intermediate=True),
        "status.smartcloudops.ai": certificates.issue("status.smartcloudops.ai", self_signed=True),
        "docs.smartcloudops.ai": certificates.issue("docs.smartcloudops.ai", began_days_ago=-2),
    }
    with ExitStack() as stack:
        for host, issued in shown.items():
            stack.enter_context(nginx.showing(host, issued))
        api = fail(
            "critical",
            "endpoint https://api.smartcloudops.ai/health",
            measured="3",
            message="3 of 3 probes: TLS: unable to get local issuer certificate",
        )
        yield {
            "SC-101": fail(
                "high",
                "certificate smartcloudops.ai:443",
                "certificate api.smartcloudops.ai:443",
                message="*[iI]t*",
            ),
            "SC-103": NOT_ISSUED,
            "SC-056": fail(
                "critical",
                "endpoint https://smartcloudops.ai/api/health",
                measured="3",
                message="3 of 3 probes: TLS: certificate has expired",
            ),
            "SC-055": api,
            "SC-060": api,
            "SC-142": fail(
                "medium",
                "endpoint https://status.smartcloudops.ai",
                measured="3",
                message="3 of 3 probes: TLS: self-signed certificate",
            ),
            "SC-143": fail(
                "low",
                "endpoint https://docs.smartcloudops.ai",
                measured="3",
                message="3 of 3 probes: TLS: certificate is not yet valid",
            ),
        }


@scenario("too many requests: the external services' URL says come back later", group=GROUP)
def too_many() -> Iterator[Changes]:
    with (
        proxy.before("nginx-http", faults.too_many(99)) as gate,
        routed("smartcloudops", {"backend:5000": gate.address}),
    ):
        yield {
            "SC-024": fail(
                "high",
                "endpoint http://backend:5000/health/external",
                measured="3",
                message="3 of 3 probes: HTTP 429; needed 200",
            )
        }


@scenario("the database does not accept opsproof's password", situation="forbidden", group="templates")
def wrong_password() -> Iterator[Changes]:
    wrong = secrets.folder() / "wrong.password"
    wrong.write_text("not-the-password")
    with reached("accelerapp", "postgres", password={"file": str(wrong)}):
        said = "wrong password for opsproof"
        yield {
            "AC-018": unknown("critical", "database postgres", message=said),
            "AC-130": unknown("high", "database postgres", message=said),
            **unasked(said, "AC"),
        }


@scenario("the database takes three seconds to let anybody in", group=GROUP)
def slow_database() -> Iterator[Changes]:
    with (
        proxy.before("postgres", faults.slow(2.5), protocol="tcp") as gate,
        reached("enterprise-platform", "postgres", port=gate.port),
    ):
        slow = fail(
            "critical", "database postgres", measured="3", message="3 of 3 probes: slow: more than 2s"
        )
        yield {"EP-055": slow, "EP-065": slow}


@scenario(
    "the database accepts connections and never answers",
    situation="slow",
    group="KEDA, Karpenter and failing backups",
)
def hanging_database() -> Iterator[Changes]:
    with (
        proxy.before("postgres", faults.hang(), protocol="tcp") as gate,
        reached("smartcloudops", "postgres", port=gate.port, budget=SOON),
    ):
        mute = fail("critical", "database postgres", measured="3", message="3 of 3 probes: no answer in time")
        late = "no answer in time"
        yield {
            "SC-005": mute,
            "SC-023": mute,
            "SC-014": unknown("high", "source sessions", message=late),
            "SC-026": unknown("critical", "source sessions", message=late),
            **unasked(late, "SC"),
        }


@scenario("opsproof may not see the sessions of other roles", situation="forbidden", group="nodes")
def blind_database() -> Iterator[Changes]:
    """What it would count is too little."""
    with postgres_faults.statistics_forbidden():
        said = "*GRANT pg_read_all_stats TO opsproof is missing*"
        yield {
            "RS-104": unknown("medium", "database postgres", message=said),
            "SC-014": unknown("high", "database postgres", message=said),
            "SC-026": unknown("critical", "database postgres", message=said),
            **told(said, "EP-094", "SC-066", "SC-104"),
        }


@scenario(
    "the broker does not accept opsproof's password, and the pooler's console lets it not in",
    situation="forbidden",
    group=GROUP,
)
def broker_password() -> Iterator[Changes]:
    with redis.password_changed("redis-broker"), pgbouncer.unlisted():
        said = "*wrong password for opsproof, or none"
        yield {
            "OF-002": unknown("critical", "cache redis", message=said),
            "OF-069": unknown("high", "source memory", message=said),
            "OF-008": unknown("critical", "source queues", message=said),
            "OF-042": unknown("high", "source queues", message=said),
            "OF-070": unknown("medium", "source server", message=said),
            "OF-071": unknown("critical", "source server", message=said),
            "OF-016": unknown("critical", "source server", message=said),
            "OF-097": unknown("high", "source redis", message=said),
            "OF-075": unknown("high", "source server", message=said),
            "SC-008": unknown("high", "source queues", message=said),
            "SC-009": unknown("critical", "source server", message=said),
            "RS-104": unknown(
                "medium",
                "source pooler",
                message="the pooler's console lets opsproof not in: name it under stats_users",
            ),
        }
