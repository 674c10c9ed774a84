"""Each row of the page of field cases names tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "field-cases.md"
ROWS = [line.split("|")[1:4] for line in PAGE.read_text().splitlines() if re.match(r"\| \d", line)]


@pytest.mark.parametrize(("number", "situation", "kept"), ROWS, ids=[row[1].strip() for row in ROWS])
def test_the_tests_of_a_row_are_there(number: str, situation: str, kept: str) -> None:
    named = re.findall(r"`([^`]+)`", kept)
    assert named, f"{number.strip()}: nothing keeps it"
    for name in named:
        path, _, test = name.partition("::")
        text = (ROOT / "tests" / path).read_text()
        assert not test or f"def {test}(" in text, name
