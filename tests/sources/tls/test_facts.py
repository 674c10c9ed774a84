"""Names that a certificate covers, and addresses as rows write them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsproof.sources.tls.facts import Certificate, Served, host_and_port

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
labels = some.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)


def covering(*names: str) -> Certificate:
    return Certificate(
        subject="x", issuer="y", names=names, not_before=NOW, not_after=NOW, serial="1", key="", sha256=""
    )


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("example.org", "EXAMPLE.org.", True),
        ("*.example.org", "api.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.b.example.org", False),
        ("*.org", "example.org", False),
        ("api*.example.org", "api1.example.org", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("*.0.0.1", "127.0.0.1", False),
        ("example.org.evil.net", "example.org", False),
        ("xn--bcher-kva.example", "bücher.example", True),
        ("xn--bcher-kva.example", "BÜCHER.example", True),
        ("*.example", "bücher.example", False),
        ("*.xn--bcher-kva.example", "api.bücher.example", True),
        ("xn--bcher-kva.example", "bucher.example", False),
    ],
)
def test_names(name: str, host: str, covered: bool) -> None:
    assert covering("other.net", name).covers(host) is covered


@given(some.lists(labels, min_size=3, max_size=4), some.lists(labels, min_size=3, max_size=4))
def test_a_wildcard_stands_for_exactly_one_label(pattern: list[str], host: list[str]) -> None:
    covered = covering(".".join(["*", *pattern[1:]])).covers(".".join(host))
    assert covered == (pattern[1:] == host[1:])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("example.org", ("example.org", 443)),
        ("a.b:8443", ("a.b", 8443)),
        ("[::1]:443", ("::1", 443)),
        ("[::1]", ("::1", 443)),
        ("::1", ("::1", 443)),
        ("2001:db8::8443", ("2001:db8::8443", 443)),
        ("bücher.example:8443", ("bücher.example", 8443)),
    ],
)
def test_addresses(text: str, place: tuple[str, int]) -> None:
    assert host_and_port(text) == place


@pytest.mark.parametrize(
    "text", ["", ":443", "a:b", "a:0", "a:70000", "https://a", "a/b", "a:b:1", "::1]:443", "a:٣"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a host and port"):
        host_and_port(text)


def test_an_address_of_ipv6_is_shown_with_its_port() -> None:
    assert "certificate [::1]:443" == str(Served(host="::1", port=443, at=NOW).subject)
