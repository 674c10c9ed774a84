"""Nothing listens where the applications, the database and the caches were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import yaml

from tests.faults.databases import unasked
from tests.faults.elsewhere import ROOT, reached
from tests.faults.scenario import Changes, Expected, fail, scenario, unknown
from tests.testbed.services import pgbouncer, postgres_faults, proxy, redis

GROUP = "nothing listens"
REFUSED = "3 of 3 probes: connection refused"


@contextmanager
def routed(system: str, hosts: Mapping[str, str]) -> Iterator[None]:
    """The environment sends some `host:port` elsewhere than to the testbed's nginx."""
    file = ROOT / f"checks/systems/{system}/environments/testbed.yaml"
    routes = yaml.safe_load(file.read_text())["targets"]["http"]["connect_to"]
    assert hosts.keys() <= routes.keys(), "an address that the environment does not route"
    with reached(system, "http", connect_to={**routes, **hosts}):
        yield


def refused(level: str, url: str, *, probes: int = 3) -> Expected:
    said = REFUSED.replace("3", str(probes))
    return fail(level, f"endpoint {url}", measured=str(probes), message=said)


@scenario("no web server listens", situation="unreachable", group=GROUP)
def web() -> Iterator[Changes]:
    hosts = {
        "accelerapp": ["api.accelerapp.io:443"],
        "enterprise-platform": ["anomaly-detection-api:80", "external-api.example.com:443"],
        "opsforge": ["opsforge.example.com:443"],
        "smartcloudops": [
            *("smartcloudops.ai:443", "api.smartcloudops.ai:443", "status.smartcloudops.ai:443"),
            *("docs.smartcloudops.ai:443", "backend:5000"),
        ],
    }
    with proxy.refusing() as nobody, ExitStack() as stack:
        for system, names in hosts.items():
            stack.enter_context(routed(system, dict.fromkeys(names, nobody)))
        api = refused("critical", "http://anomaly-detection-api/health")
        forge = refused("critical", "https://opsforge.example.com/health")
        cloud = refused("critical", "https://api.smartcloudops.ai/health")
        yield {
            "AC-039": refused("critical", "https://api.accelerapp.io/health"),
            "AC-075": refused("high", "https://api.accelerapp.io/health/detailed"),
            "EP-056": refused("high", "https://external-api.example.com/health"),
            "EP-064": api,
            "EP-083": api,
            "OF-007": refused("critical", "https://opsforge.example.com/health/detailed"),
            "OF-027": forge,
            "OF-034": forge,
            "SC-024": refused("high", "http://backend:5000/health/external"),
            "SC-055": cloud,
            "SC-060": cloud,
            "SC-056": refused("critical", "https://smartcloudops.ai/api/health"),
            "SC-142": refused("medium", "https://status.smartcloudops.ai"),
            "SC-143": refused("low", "https://docs.smartcloudops.ai"),
            "SC-101": fail(
                "high",
                "certificate smartcloudops.ai:443",
                "certificate api.smartcloudops.ai:443",
                measured="",
                message="no handshake: connection refused",
            ),
            **{
                name: fail(level, f"certificate {host}:443", message="no handshake: connection refused")
                for name, level, host in (
                    ("SC-103", "medium", "smartcloudops.ai"),
                    ("OF-095", "high", "opsforge.example.com"),
                    ("AC-107", "high", "api.accelerapp.io"),
                )
            },
        }


@scenario("PostgreSQL, Redis and repo-scanner's web server are stopped", situation="unreachable", group=GROUP)
def stopped() -> Iterator[Changes]:
    """They come together since one requirement names all three."""
    with (
        proxy.refusing() as nobody,
        routed("repo-scanner", {"scanner.yourcompany.com:443": nobody}),
        pgbouncer.stopped(),
        postgres_faults.stopped(),
        redis.stopped("redis"),
        redis.stopped("redis-broker"),
    ):
        database = fail("critical", "database postgres", measured="3", message=REFUSED)
        sessions = "connection refused"
        detailed = refused("high", "https://scanner.yourcompany.com/health/detailed")
        yield {
            **dict.fromkeys(("AC-018", "EP-055", "EP-065", "RS-006", "RS-027", "SC-005", "SC-023"), database),
            "AC-130": fail("high", "database postgres", measured="3", message=REFUSED),
            "RS-104": unknown("medium", "source sessions", "source pooler", message=sessions),
            "SC-014": unknown("high", "source sessions", message=sessions),
            "SC-026": unknown("critical", "source sessions", message=sessions),
            **unasked(sessions),
            "RS-007": fail("high", "cache redis", measured="3", message=REFUSED),
            "SC-006": fail("critical", "cache redis", measured="3", message=REFUSED),
            "EP-005": fail("high", "cache redis", measured="3", message=REFUSED),
            "OF-002": fail("critical", "cache redis", measured="3", message=REFUSED),
            "OF-069": unknown("high", "source memory", message="connection refused"),
            "OF-008": unknown("critical", "source queues", message="connection refused"),
            "OF-042": unknown("high", "source queues", message="connection refused"),
            "OF-070": unknown("medium", "source server", message="connection refused"),
            "OF-071": unknown("critical", "source server", message="connection refused"),
            "OF-016": unknown("critical", "source server", message="connection refused"),
            "OF-097": unknown("high", "source redis", message="connection refused"),
            "OF-075": unknown("high", "source server", message="connection refused"),
            "RS-005": unknown("high", "source queues", message="connection refused"),
            "SC-008": unknown("high", "source queues", message="connection refused"),
            "SC-009": unknown("critical", "source server", message="connection refused"),
            "SC-110": unknown("high", "source server", message="connection refused"),
            "SC-111": unknown("medium", "source server", message="connection refused"),
            **dict.fromkeys(
                ("RS-024", "RS-145"), refused("critical", "https://scanner.yourcompany.com/health")
            ),
            "RS-025": detailed,
            "RS-026": refused("high", "https://scanner.yourcompany.com/api/v1/status", probes=5),
            "RS-064": fail(
                "high", "database postgres", "cache redis", *detailed.subjects, measured="3", message=REFUSED
            ),
        }
