"""Known values and tell-tale forms never pass; ordinary words do, whoever takes one for a password."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.collect.redaction import BLANK, Redactor

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8).filter(
    lambda text: len(text.strip()) >= 8 and not set(text) <= set("[secret]")
)
PASSWORD = "hunter2-Tr0ub4dor"


def value(redactor: Redactor, text: str) -> str:
    """What is kept of a string in a fact."""
    return str(json.loads(redactor.json(json.dumps({"message": text}).encode()))["message"])


@given(secret=SECRETS, around=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])))
def test_a_known_secret_never_passes(secret: str, around: str) -> None:
    """In plain text and inside JSON strings, however they are escaped."""
    redactor = Redactor([secret])

    assert secret not in redactor.text(around + secret + around).replace(around, "") or secret in around
    for ascii_only in (True, False):
        encoded = json.dumps({"message": f"x {secret} y"}, ensure_ascii=ascii_only).encode()
        assert secret not in json.loads(redactor.json(encoded))["message"]


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("GET https://user:hunter2secret@host/path", "hunter2secret"),
        ("Authorization: Bearer abcdef.ghijkl-mnop", "abcdef.ghijkl-mnop"),
        ("connect failed: password=hunter2secret host=db", "hunter2secret"),
        ("PG_PASSWORD=hunter2secret", "hunter2secret"),
        ("?token=hunter2secret&x=1", "hunter2secret"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES,1\n\nMIIEow\n", "MIIEow"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIi"),
        ("a-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("x.y.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ],
)
def test_forms_of_credentials_are_blanked(text: str, leak: str) -> None:
    """Also those that nobody declared."""
    assert leak not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    ["3 of 5 pods are ready", "rate(x[5m]) > 0.05", "https://host:8080/health", "eyJ is a prefix.a.b", ""],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Blanking more than secrets would make a report useless."""
    assert text == Redactor(["abc"]).text(text)


@pytest.mark.parametrize(
    ("secret", "facts"),
    [
        ("shop", {"namespace": "shop", "alertname": "ShopDown"}),
        ("status", {"status": "firing"}),
        ("database", {"database": "databases", "of": "mydatabase"}),
        ("12345678", {"value": 12345678, "other": 0.12345678}),
        ("true", {"ready": True}),
    ],
)
def test_an_ordinary_word_for_a_password_changes_no_fact(secret: str, facts: dict[str, object]) -> None:
    """Names, keys, numbers and structure decide; only a whole token of a text value is blanked."""
    encoded = json.dumps(facts).encode()
    assert json.loads(Redactor([secret]).json(encoded)) == facts


def test_only_whole_tokens_of_a_value_are_blanked() -> None:
    redactor = Redactor(["database"])
    assert value(redactor, "the database, mydatabase and databases") == (
        f"the {BLANK}, mydatabase and databases"
    )


def test_a_long_secret_is_blanked_wherever_it_stands() -> None:
    assert "k" * 20 not in value(Redactor(["k" * 20]), f"x{'k' * 20}x")


def test_a_short_secret_is_blanked_where_it_stands_as_a_credential() -> None:
    redactor = Redactor(["shop"])
    assert value(redactor, "postgres://shop:shop@shop/shop and password=shop in shop") == (
        f"postgres://{BLANK}@shop/shop and password={BLANK} in shop"
    )


@pytest.mark.parametrize("alignment", range(3))
@pytest.mark.parametrize("after", ["", ":x", ":xy"])
def test_base64_is_known_at_every_alignment(alignment: int, after: str) -> None:
    encoded = base64.b64encode((("u" * alignment) + PASSWORD + after).encode()).decode()
    for text in (encoded, encoded.rstrip("="), f"({encoded})"):
        kept = value(Redactor([PASSWORD]), text)
        assert kept.strip("()") == BLANK
        assert encoded not in Redactor([PASSWORD]).text(text)


@pytest.mark.parametrize("secret", ["p@ss w/ö&<rd>12", 'quo"te\\slash12'])
def test_escaped_forms_are_known(secret: str) -> None:
    redactor = Redactor([secret])
    for form in (
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        base64.urlsafe_b64encode(secret.encode()).decode(),
    ):
        assert form not in value(redactor, f"said: {form}.").replace(BLANK, ""), form


def test_the_lines_of_a_key_are_secrets() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEAabcdefgh\n-----END PRIVATE KEY-----"
    assert "abcdefgh" not in value(Redactor([key]), "line MIIEowIBAAKCAQEAabcdefgh")


def test_a_secret_told_later_is_known_from_then_on() -> None:
    redactor = Redactor()
    redactor.add(PASSWORD)
    assert value(redactor, f"= {PASSWORD}") == f"= {BLANK}"


def test_a_secret_in_a_name_is_found_and_no_name_is_rewritten() -> None:
    """A server may echo a token as a label's name: the answer is refused, not changed."""
    redactor = Redactor(["k" * 32])
    encoded = json.dumps({"k" * 32: "x"}).encode()
    assert (redactor.json(encoded), redactor.in_names(redactor.json(encoded))) == (encoded, True)
    assert not redactor.in_names(redactor.json(json.dumps({"x": "k" * 32}).encode()))


HOSTILE = [
    "-eyJaaaaaaaaaa" * 70_000,
    "eyJaaaaaaaaaa." * 70_000,
    "eyJ" * 300_000,
    "-----BEGIN " * 90_000,
    "-----BEGIN PRIVATE KEY-----" * 40_000,
    "-----BEGIN " + "PRIVATE KEY " * 80_000,
    "://a:" * 200_000,
    "://" + "a" * 1_000_000,
    "Bearer " * 140_000,
    "Bearer" + " " * 1_000_000,
    "password" + " " * 1_000_000,
    "password = " * 90_000,
    "\\" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:16] for text in HOSTILE])
def test_a_megabyte_made_to_be_slow_is_not(text: str) -> None:
    """Each of these is one pass; an expression with two ways to match it would not end within a test's patience."""
    redactor = Redactor([PASSWORD, "shop"])
    assert len(redactor.text(text)) <= len(text) * 2
    assert redactor.json(json.dumps([text, f"shop {PASSWORD}"]).encode()).endswith(b'"shop [secret]"]')
