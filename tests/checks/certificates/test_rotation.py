"""certificates/rotation on plain facts: what is shown beside what was issued last."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from checks.certificates.check_rotation import check_rotation
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.sources.tls.facts import Certificate, Served, Unserved
from opsproof.testing.facts import examined
from tests.checks.certificates.issued import DAY, NOW, certificate, moment, pem, request
from tests.checks.certificates.test_manager_ready import REFUSED, told
from tests.checks.cluster import listing

HOST = "shop.example.com"


def shown(number: int = 1, *, begins: float = 10 * DAY, life: float = 90 * DAY) -> Certificate:
    """The leaf that a server shows: the one of that number."""
    der = x509.load_pem_x509_certificate(pem(number)).public_bytes(Encoding.DER)
    return Certificate(
        subject=HOST, issuer="CA", names=(HOST,), not_before=moment(begins), not_after=moment(begins - life),
        serial=f"{number:x}", key="EC 256", sha256=hashlib.sha256(der).hexdigest(),
    )  # fmt: skip


def serving(leaf: Certificate | None, **more: Any) -> Served:
    return Served(host=HOST, port=443, at=NOW, leaf=leaf, trusted=True, **more)


def of(
    server: Served | Unserved, *requests: Any, wanted: Any = None, found: Any = None, made: Any = None
) -> Examination:
    return examined(
        check_rotation,
        (server,),
        listing(wanted or certificate()) if found is None else found,
        listing(*(requests or (request(),))) if made is None else made,
        hosts=(HOST,),
        certificate="certificate/shop-tls",
    )


def test_the_certificate_that_was_issued_last_passes() -> None:
    found = of(serving(shown()))
    assert (1, [], []) == (found.passed, told(found), found.notes)


def test_another_certificate_of_the_same_name_and_dates_fails() -> None:
    (finding,) = told(of(serving(shown(7))))
    assert finding == "fail: it shows serial 7, valid from 2026-02-20 09:00 UTC; revision 1 has 1"


def test_the_one_before_is_excused_for_an_hour() -> None:
    """The newest request alone is kept, so that the one before is known by its age."""
    for minutes, outcome in ((30, "transition"), (61, "fail")):
        renewed = certificate(begins=minutes, revision=2)
        found = told(of(serving(shown(1)), request(2, at=minutes), wanted=renewed))
        assert [outcome] == [one.partition(":")[0] for one in found]


def test_a_stranger_that_is_newer_is_excused_by_no_renewal() -> None:
    renewed = certificate(begins=30, revision=2)
    found = told(of(serving(shown(7, begins=1)), request(2, at=30), wanted=renewed))
    assert found[0].startswith("fail: it shows serial 7")


def test_a_revision_that_the_status_does_not_tell_yet_is_the_newest() -> None:
    assert [] == told(of(serving(shown(2)), request(1), request(2, at=1)))


def test_requests_of_another_certificate_prove_nothing() -> None:
    (finding,) = told(of(serving(shown(2, begins=3 * DAY)), request(2, of="pay-tls")))
    assert finding.startswith("fail: it shows serial 2")


def test_without_its_request_the_dates_tell() -> None:
    same = of(serving(shown()), made=listing())
    assert (1, []) == (same.passed, told(same))
    assert any("by its dates alone" in note for note in same.notes)
    (finding,) = told(of(serving(shown(1, begins=60 * DAY)), made=listing()))
    assert "revision 1 begins 2026-02-20 09:00 UTC" in finding


@pytest.mark.parametrize("content", ["bm90IGEgY2VydGlmaWNhdGU=", "no base64", None])
def test_what_cannot_be_read_is_undecided_or_not_there(content: str | None) -> None:
    found = told(of(serving(shown()), request(content=content)))
    assert ([] if content is None else ["unknown"]) == [one.partition(":")[0] for one in found]


def test_what_was_issued_last_must_not_have_expired() -> None:
    (finding,) = told(of(serving(shown()), wanted=certificate(begins=91 * DAY)))
    assert finding == "fail: what shop-tls issued last has expired"


def test_a_certificate_that_was_never_issued_fails() -> None:
    never = certificate(revision=None, notBefore=None, notAfter=None)
    assert told(of(serving(shown()), wanted=never)) == ["fail: certificate shop-tls was never issued"]


def test_a_certificate_that_is_not_there_fails() -> None:
    assert told(of(serving(shown()), found=listing())) == ["fail: there is no certificate/shop-tls"]


def test_no_handshake_fails_and_our_own_network_is_unknown() -> None:
    failure = Failure("Unreachable", "connection refused", "http:x")
    assert told(of(serving(None, failure=failure))) == ["fail: no handshake: connection refused"]
    own = Failure("Unreachable", "the host name is not known here", "http:x", own=True)
    assert told(of(serving(None, failure=own))) == ["unknown: the host name is not known here"]
    assert told(of(Unserved(f"{HOST}:443", own))) == ["unknown: the host name is not known here"]


def test_what_may_not_be_listed_is_undecided() -> None:
    assert told(of(serving(shown()), found=REFUSED)) == [f"unknown: {REFUSED.message}"]
    assert told(of(serving(shown()), made=REFUSED)) == [f"unknown: {REFUSED.message}"]


def test_two_certificates_of_one_name_are_told_apart_by_nobody() -> None:
    two = listing(certificate(), certificate())
    assert told(of(serving(shown()), found=two))[0].startswith("unknown: there are several")
