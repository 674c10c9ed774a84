"""Known values and tell-tale forms never pass."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.collect.redaction import Redactor

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8).filter(
    lambda text: len(text.strip()) >= 8 and not set(text) <= set("[secret]")
)


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
        ("?token=hunter2secret&x=1", "hunter2secret"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIi"),
    ],
)
def test_forms_of_credentials_are_blanked(text: str, leak: str) -> None:
    """Also those that nobody declared."""
    assert leak not in Redactor().text(text)


@pytest.mark.parametrize(
    "text", ["3 of 5 pods are ready", "rate(x[5m]) > 0.05", "https://host:8080/health", ""]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Blanking more than secrets would make a report useless."""
    assert text == Redactor(["abc"]).text(text)
