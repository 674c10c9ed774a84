"""Applications, a database and caches that answer, but not as they should."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.testbed.services import certificates, nginx, postgres_faults, redis
from tests.testbed.services.sites import HTML, Page, health

GROUP = "applications answer wrongly"
# Whatever the server shows, cert-manager has issued another one.
NOT_ISSUED = fail(
    "medium",
    "certificate smartcloudops.ai:443",
    message="it shows serial *, valid from * UTC; revision * has *",
)
REPLICA = "a replica answers*name the master"


@scenario("the public health URL answers 500", group=GROUP)
def internal_error() -> Iterator[Changes]:
    with nginx.serving("api.accelerapp.io", "/health", Page('{"status": "healthy"}', status=500)):
        said = "3 of 3 probes: HTTP 500; needed 200"
        yield {
            "AC-039": fail(
                "critical", "endpoint https://api.accelerapp.io/health", measured="3", message=said
            )
        }


@scenario("the health document says that the database is down, with status 200", group=GROUP)
def dependency_down() -> Iterator[Changes]:
    page = health("redis", "model_store", "payment_api", database="down")
    with nginx.serving("api.accelerapp.io", "/health/detailed", page):
        said = "3 of 3 probes: reports down; needed ok"
        yield {"AC-075": fail("high", "dependency api.accelerapp.io/database", measured="3", message=said)}


@scenario("the health URL is not there any more", group=GROUP)
def not_found() -> Iterator[Changes]:
    with nginx.serving("anomaly-detection-api", "/health", Page("no such page", status=404)):
        said = "3 of 3 probes: HTTP 404; needed 200"
        gone = fail("critical", "endpoint http://anomaly-detection-api/health", measured="3", message=said)
        yield {"EP-064": gone, "EP-083": gone}


@scenario("a login page answers for the external API, with status 200", group=GROUP)
def login_page() -> Iterator[Changes]:
    with nginx.serving("external-api.example.com", "/health", HTML):
        said = "3 of 3 probes: HTTP 200, but the page shows 'Sign in'"
        yield {
            "EP-056": fail(
                "high", "endpoint https://external-api.example.com/health", measured="3", message=said
            )
        }


@scenario("a dependency that the runbook names is not in the health document", group=GROUP)
def dependency_missing() -> Iterator[Changes]:
    with nginx.serving("opsforge.example.com", "/health/detailed", health("worker")):
        said = "3 of 3 probes: not in the document, which lists worker"
        yield {
            "OF-007": fail("critical", "dependency opsforge.example.com/redis", measured="3", message=said)
        }


@scenario("the health URL sends its callers to a login page", group=GROUP)
def redirected() -> Iterator[Changes]:
    page = Page("", status=302, location="https://login.example.com/start?next=/health")
    with nginx.serving("opsforge.example.com", "/health", page):
        said = "3 of 3 probes: HTTP 302 to login.example.com; needed 200"
        moved = fail("critical", "endpoint https://opsforge.example.com/health", measured="3", message=said)
        yield {"OF-027": moved, "OF-034": moved}


@scenario("the title of a status page is that of an error", situation="ordinary", group=GROUP)
def error_title() -> Iterator[Changes]:
    page = Page("<!doctype html><title>502: what we learned</title>", type="text/html")
    with nginx.serving("status.smartcloudops.ai", "/", page):
        yield {}


@scenario("a health URL says that it is degraded, with status 200", group=GROUP)
def degraded() -> Iterator[Changes]:
    with nginx.serving("scanner.yourcompany.com", "/health", health(status="degraded")):
        said = "3 of 3 probes: HTTP 200, but the document reports degraded"
        url = "endpoint https://scanner.yourcompany.com/health"
        worse = fail("critical", url, measured="3", message=said)
        yield {"RS-024": worse, "RS-145": worse}


@scenario("the health document says unhealthy, with status 200", group=GROUP)
def unhealthy() -> Iterator[Changes]:
    with nginx.serving("api.smartcloudops.ai", "/health", health(status="unhealthy")):
        said = "3 of 3 probes: HTTP 200, but the document reports down"
        worse = fail("critical", "endpoint https://api.smartcloudops.ai/health", measured="3", message=said)
        yield {"SC-055": worse, "SC-060": worse}


@scenario("one of four dependencies is degraded", group=GROUP)
def dependency_degraded() -> Iterator[Changes]:
    page = health("database", "redis", "storage", github_api="degraded")
    with nginx.serving("scanner.yourcompany.com", "/health/detailed", page):
        said = "3 of 3 probes: reports degraded; needed ok"
        worse = fail("high", "dependency scanner.yourcompany.com/github_api", measured="3", message=said)
        yield {"RS-025": worse, "RS-064": worse}


@scenario("an API answers an HTML page where JSON is promised", group=GROUP)
def html_for_json() -> Iterator[Changes]:
    page = Page("<!doctype html><title>Repository scanner</title>", type="text/html")
    with nginx.serving("scanner.yourcompany.com", "/api/v1/status", page):
        said = "5 of 5 probes: HTTP 200, but an HTML page; needed JSON"
        url = "endpoint https://scanner.yourcompany.com/api/v1/status"
        yield {"RS-026": fail("high", url, measured="5", message=said)}


@scenario("the external services' URL answers 503", group=GROUP)
def unavailable() -> Iterator[Changes]:
    with nginx.serving("backend", "/health/external", Page("later", status=503, type="text/plain")):
        said = "3 of 3 probes: HTTP 503; needed 200"
        url = "endpoint http://backend:5000/health/external"
        yield {"SC-024": fail("high", url, measured="3", message=said)}


@scenario("a maintenance page answers for two sites", group=GROUP)
def maintenance() -> Iterator[Changes]:
    page = Page("<!doctype html><title>Down for maintenance</title>", 503, "text/html")
    with ExitStack() as stack:
        stack.enter_context(nginx.serving("status.smartcloudops.ai", "/", page))
        stack.enter_context(nginx.serving("docs.smartcloudops.ai", "/", page))
        yield {
            "SC-142": fail(
                "medium",
                "endpoint https://status.smartcloudops.ai",
                measured="3",
                message="3 of 3 probes: HTTP 503; needed 200",
            ),
            "SC-143": fail(
                "low",
                "endpoint https://docs.smartcloudops.ai",
                measured="3",
                message="3 of 3 probes: HTTP 503; needed 200",
            ),
        }


@scenario(
    "an API answers JSON that is cut off where only the status counts", situation="ordinary", group=GROUP
)
def cut_off() -> Iterator[Changes]:
    with nginx.serving("smartcloudops.ai", "/api/health", Page('{"status": "hea')):
        yield {}


@scenario("a certificate expires in twenty days", group=GROUP)
def expiring_soon() -> Iterator[Changes]:
    with nginx.showing("smartcloudops.ai", certificates.issue("smartcloudops.ai", days=20)):
        yield {
            "SC-101": fail(
                "medium", "certificate smartcloudops.ai:443", measured="19d*", message="it expires *UTC"
            ),
            "SC-103": NOT_ISSUED,
        }


@scenario("80 of the 97 sessions that a database has for applications are taken", group=GROUP)
def sessions() -> Iterator[Changes]:
    """Above 80 % and below 90 %: two of three rows."""
    with postgres_faults.connections_filled(79) as taken:
        used = fail(
            "high",
            "database postgres",
            measured="8*%",
            message=f"{taken} of 97 sessions are taken, 3 more reserved",
        )
        yield {
            "SC-014": used,
            "RS-104": fail("medium", *used.subjects, measured="8*%", message=used.message),
            # The server is smaller than the pools of the backend.
            "SC-108": fail("critical", "deployment smartcloudops/backend", measured="525.8 %"),
        }


@scenario("the broker is a replica of a server that is gone, and nearly full", group=GROUP)
def broker() -> Iterator[Changes]:
    with redis.memory_filled(85, "redis-broker"), redis.replica("redis-broker"):
        yield {
            "OF-002": fail(
                "critical",
                "cache redis",
                measured="3",
                message="3 of 3 probes: the role is replica; needed master",
            ),
            "OF-069": fail(
                "high",
                "cache redis",
                measured="8*%",
                message="*Mi of 256Mi used, in each of 3 samples (policy noeviction)",
            ),
            "OF-008": unknown("critical", "queue redis/opsforge:jobs", message=REPLICA),
            "OF-042": unknown("high", "queue redis/opsforge:jobs", message=REPLICA),
            "OF-071": unknown("critical", "cache redis", message=REPLICA),
            "OF-016": unknown("critical", "cache redis", message=REPLICA),
            "OF-097": unknown("high", "cache redis", message=REPLICA),
            "OF-075": fail(
                "high",
                "replication redis",
                measured="",
                message="it is a replica itself, and has no master that it could reach",
            ),
            "SC-008": unknown("high", "queue redis-broker/celery", message=REPLICA),
            "SC-009": unknown("critical", "cache redis-broker", message=REPLICA),
        }
