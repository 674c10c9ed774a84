"""certificates/expiry on plain facts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from checks.certificates.check_expiry import ExpiryLimits, check_expiry
from opsproof import CRITICAL, HIGH, MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.finding import Finding
from opsproof.model.outcome import Outcome
from opsproof.sources.tls.facts import Certificate, Served, Unserved
from opsproof.testing.facts import examined as run
from tests.checks.certificates import issued
from tests.checks.cluster import listing

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def certificate(days: float, name: str = "example.org", begins: float = -100) -> Certificate:
    return Certificate(
        subject=name,
        issuer="CA",
        names=(name,),
        not_before=NOW + timedelta(days=begins),
        not_after=NOW + timedelta(days=days),
        serial="1",
        key="EC 256",
        sha256=f"{name}{days}",
    )


def served(leaf: Certificate | None, *chain: Certificate, **more: Any) -> Served:
    given = {"host": "example.org", "port": 443, "at": NOW, "trusted": True}
    return Served(leaf=leaf, chain=(leaf, *chain) if leaf else (), **{**given, **more})


def examined(server: Served | Unserved, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    check_expiry((server,), None, None, ExpiryLimits(hosts=("example.org:443",), **limits), examine)
    return examine


def failed(server: Served, **limits: Any) -> Finding:
    (finding,) = examined(server, **limits).findings
    assert finding.outcome is Outcome.FAIL
    return finding


def test_a_long_life_passes() -> None:
    assert examined(served(certificate(90), certificate(1000, "CA"))).passed == 1


def test_steps_of_days_left_give_the_level() -> None:
    soon, sooner = failed(served(certificate(20))), failed(served(certificate(10)))
    assert [soon.level, sooner.level] == [MEDIUM, HIGH]
    assert (soon.measured.text, soon.limit.text) == ("20d", "medium at least 30d, high at least 14d")
    assert soon.message == "it expires 2026-12-11 09:00 UTC"


def test_an_expired_certificate_says_since_when() -> None:
    finding = failed(served(certificate(-3), trusted=True, verdict="expired"))
    assert (finding.measured.text, finding.level, finding.since) == ("-3d", HIGH, NOW - timedelta(days=3))
    assert "it expired 2026-11-18" in finding.message


def test_a_chain_member_that_expires_first_counts() -> None:
    finding = failed(served(certificate(90), certificate(5, "Intermediate")))
    assert "the chain's 'Intermediate' expires 2026-11-26" in finding.message


def test_a_certificate_for_another_name_fails() -> None:
    finding = failed(served(certificate(90, "other.org")))
    assert "valid for other.org, not for example.org" in finding.message


def test_a_missing_intermediate_fails() -> None:
    finding = failed(served(certificate(90), trusted=False, distrust="unknown issuer"))
    assert "not trusted: unknown issuer" in finding.message


def test_not_yet_valid_fails() -> None:
    assert "it is not valid before 2026-11-22" in failed(served(certificate(90, begins=1))).message


def test_everything_that_is_wrong_is_told_at_once() -> None:
    finding = failed(served(certificate(-1, "other.org"), trusted=False, distrust="self-signed"))
    assert finding.message.count(";") == 2


def test_no_handshake_fails() -> None:
    finding = failed(served(None, failure=Failure("Unreachable", "connection refused"), trusted=False))
    assert finding.message == "no handshake: connection refused"


def test_own_network_and_unasked_hosts_are_unknown() -> None:
    failure = Failure("Unreachable", "the host name is not known here", "http:direct", own=True)
    for server in (served(None, failure=failure), Unserved("example.org:443", failure)):
        (finding,) = examined(server).findings
        assert (finding.outcome, str(finding.subject)) == (Outcome.UNKNOWN, "certificate example.org:443")


UNTRUSTED = {"trusted": False, "distrust": "self-signed", "verdict": "self-signed"}


def test_an_untrusted_certificate_is_of_the_rows_level_whatever_the_days_left() -> None:
    """Only the days take their step: 20 days left are medium, and do not make distrust so."""
    found = [failed(served(certificate(days), **UNTRUSTED)) for days in (300, 20, 10)]
    assert [HIGH] * 3 == [one.level for one in found]
    assert "not trusted: self-signed; it expires" in found[1].message


def test_days_that_are_worse_than_the_row_stay_so() -> None:
    finding = failed(served(certificate(1), **UNTRUSTED), lowest={"medium": "30d", "critical": "3d"})
    assert CRITICAL is finding.level


def test_a_certificate_for_another_name_is_of_the_rows_level() -> None:
    assert HIGH is failed(served(certificate(20, "other.org"))).level


def test_a_server_that_wants_a_certificate_of_its_clients_is_judged_by_its_own() -> None:
    assert 1 == examined(served(certificate(90), wants_certificate=True)).passed


# -- Certificates of cert-manager ------------------------------------------------------------------------


def beside(*certificates: Any, services: Any = None, found: Any = None, **limits: Any) -> Examination:
    given = issued.served() if services is None else services
    listed = listing(*certificates) if found is None else found
    return run(check_expiry, (), given, listed, hosts=("example.org",), issued=True, **limits)


def test_a_certificate_that_no_server_shows_counts_too() -> None:
    assert (1, []) == ((found := beside(issued.certificate())).passed, found.findings)
    (finding,) = beside(issued.certificate(begins=70 * issued.DAY)).findings
    assert (finding.level, finding.measured.text) == (MEDIUM, "20d")
    assert "what it issued expires 2026-03-22 09:00 UTC" == finding.message


@pytest.mark.parametrize(("begins", "fails"), [(4, False), (5.2, True)])
def test_of_a_certificate_that_lives_shortly_a_share_has_to_be_left(begins: float, fails: bool) -> None:
    """Six days: no number of days would ever fit."""
    brief = issued.certificate(begins=begins * issued.DAY, life=6 * issued.DAY)
    assert fails == bool(beside(brief).findings)


def test_an_expired_one_fails_whatever_its_life() -> None:
    for life in (6, 90):
        (finding,) = beside(
            issued.certificate(begins=(life + 1) * issued.DAY, life=life * issued.DAY)
        ).findings
        assert "what it issued expired 2026-03-01" in finding.message


def test_an_end_before_the_beginning_is_no_share_of_a_life() -> None:
    """Whatever a status tells: the quotient of two negative numbers would be a long life."""
    wrong = issued.certificate(begins=10, notAfter=issued.moment(60).isoformat())
    (finding,) = beside(wrong).findings
    assert finding.message.startswith("what it issued expired ")


def test_without_cert_manager_only_what_is_served_is_looked_at() -> None:
    missing = Failure("NotFound", "the API server does not serve /apis/cert-manager.io/v1", "kubernetes:x")
    none = beside(services=issued.served("v1.apps"), found=missing)
    assert ([], True) == (none.findings, any("there is no cert-manager" in note for note in none.notes))
    (finding,) = beside(found=missing).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_one_that_was_never_issued_is_the_managers_matter() -> None:
    found = beside(issued.certificate(notBefore=None, notAfter=None))
    assert ([], 1) == (found.findings, len(found.excluded))
