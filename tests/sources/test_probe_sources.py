"""From the limits of a row to the asks for endpoints, certificates, databases and caches."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from opsproof.examine.tally import tally
from opsproof.model.argument import Answer, fill
from opsproof.model.failure import Failure, NotConfigured, Undecided
from opsproof.model.limits import AtMost
from opsproof.model.moment import Clock
from opsproof.model.units import Count
from opsproof.sources.http.facts import Endpoint, EndpointOf, Endpoints, Unanswered
from opsproof.sources.postgres.facts import DatabaseProbesOf, PostgresProbes, PostgresSessions, SessionsOf
from opsproof.sources.redis.facts import CacheMemoryOf, CacheProbesOf, RedisMemory, RedisProbes
from opsproof.sources.tls.facts import ServedCertificates, ServedOf, Unserved

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)


class Context:
    """The environment of a test: one target of each kind, in the role `main-<kind>`."""

    def __init__(self, **limits: Any) -> None:
        self.limits: Any = SimpleNamespace(**limits)

    def target(self, kind: str) -> Any:
        return SimpleNamespace(id=f"id:{kind}", role=f"main-{kind}")

    def fill(self, template: str) -> str:
        return fill(template, {"site": "https://example.org", "host": "example.org", "broken": "no url"})

    def names(self, name: str) -> tuple[str, ...]:
        raise AssertionError(f"{name} is not needed")


PROBING = {"probes": Count(3), "spacing": 1.0, "samples": Count(2)}


def test_each_url_is_one_ask_however_often_it_is_named() -> None:
    asks = Endpoints().asks(Context(urls=("${site}/a", "https://example.org/a", "${site}/b"), **PROBING))
    assert asks == (
        EndpointOf(target="id:http", url="https://example.org/a", probes=3, spacing=1.0),
        EndpointOf(target="id:http", url="https://example.org/b", probes=3, spacing=1.0),
    )


def test_both_checks_of_a_url_share_its_ask() -> None:
    several = Endpoints().asks(Context(urls=("${site}/a",), **PROBING))
    single = Endpoints("url").asks(Context(url="${site}/a", **PROBING))
    assert [ask.digest for ask in several] == [ask.digest for ask in single]


def test_a_name_that_makes_no_url_or_host_is_not_configured() -> None:
    with pytest.raises(NotConfigured, match="not an http or https URL"):
        Endpoints().asks(Context(urls=("${broken}/a",), **PROBING))
    with pytest.raises(NotConfigured, match="not a host and port"):
        ServedCertificates().asks(Context(hosts=("${host}:x",), **PROBING))


def test_a_url_that_got_no_answer_stays_apart() -> None:
    ask = EndpointOf(target="t", url="https://example.org/a")
    answered = Endpoint(url="https://example.org/b", probes=())
    found = Endpoints().assemble(
        [Answer(ask, None, Failure("TimedOut", "late"), Clock(NOW)), Answer(ask, answered, None, Clock(NOW))],
        Context(),
    )
    assert found == (Unanswered("https://example.org/a", Failure("TimedOut", "late")), answered)


def test_hosts_are_asks_with_their_port() -> None:
    assert ServedCertificates().asks(Context(hosts=("${host}", "${host}:8443"), **PROBING)) == (
        ServedOf(target="id:http", host="example.org", port=443),
        ServedOf(target="id:http", host="example.org", port=8443),
    )
    ask = ServedOf(target="t", host="example.org")
    lost = ServedCertificates().assemble(
        [Answer(ask, None, Failure("TimedOut", "late"), Clock(NOW))], Context()
    )
    assert lost == (Unserved("example.org:443", Failure("TimedOut", "late")),)


def test_a_database_is_asked_for_what_the_row_wants() -> None:
    probes = PostgresProbes(unless="exporter")
    assert probes.asks(Context(exporter=True, **PROBING)) == ()
    assert probes.assemble([], Context()) is None
    (ask,) = probes.asks(Context(exporter=False, **PROBING))
    assert ask == DatabaseProbesOf(target="id:postgres", role="main-postgres", probes=3, spacing=1.0)

    assert PostgresSessions().asks(Context(**PROBING)) == (
        SessionsOf(target="id:postgres", role="main-postgres"),
    )


def test_a_cache_is_asked_in_the_role_that_the_row_names() -> None:
    assert RedisProbes().asks(Context(**PROBING)) == (
        CacheProbesOf(target="id:redis", role="main-redis", probes=3, spacing=1.0),
    )
    assert RedisMemory().asks(Context(**PROBING)) == (
        CacheMemoryOf(target="id:redis", role="main-redis", samples=2, spacing=1.0),
    )


FAILURE = Failure("Unauthenticated", "wrong password", "db")


def test_undecided_probes_matter_only_where_they_could_tip_the_scale() -> None:
    found = tally(["bad", None, FAILURE], 3, lambda fault: fault)
    found.decide(AtMost.parse(2, Count))
    with pytest.raises(Exception, match="wrong password"):
        found.decide(AtMost.parse(1, Count))
    with pytest.raises(AssertionError, match="1 of 3 probes: bad"):
        found.decide(AtMost.parse(0, Count))
    with pytest.raises(Undecided, match="2 of 3 probes were not made"):
        tally([None], 3, lambda fault: fault).decide(AtMost.parse(1, Count))


def test_different_faults_are_counted() -> None:
    assert tally(["a", "b", "a"], 3, lambda fault: fault).words == "a (2x), b (1x)"
