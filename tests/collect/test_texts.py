"""A text without end is cut with a mark, whatever stands in it; all else stays byte by byte."""

from __future__ import annotations

import json

import pytest

from opsproof.collect.texts import LONGEST, bounded


def test_texts_and_names_are_cut_with_a_mark_and_counted() -> None:
    """Quotes within a text hide nothing."""
    long = 'a"' * LONGEST
    encoded = json.dumps({"name": long, "b" * LONGEST * 2: ["short", 1]}).encode()
    kept, count = bounded(encoded)
    document = json.loads(kept)
    assert count == 2
    assert document["name"].endswith(f"… [cut: {len(long)} characters]")
    assert max(map(len, (*document, document["name"]))) <= LONGEST


def test_what_is_not_too_long_is_not_touched() -> None:
    encoded = json.dumps([{"a": "b" * 100, "c": 'q"'}] * 1000).encode()
    assert bounded(encoded) == (encoded, 0)
    numbers = json.dumps(list(range(20_000))).encode()
    assert bounded(numbers) == (numbers, 0)


@pytest.mark.parametrize("before", [0, 1, LONGEST // 2 - 1, LONGEST // 2, LONGEST - 3])
def test_a_long_text_is_found_wherever_it_begins(before: int) -> None:
    """Among short ones, with no letter escaped."""
    encoded = json.dumps(["a" * before, "b" * (LONGEST + 1), *["c"] * LONGEST]).encode()
    kept, count = bounded(encoded)
    assert 1 == count
    assert "c" == json.loads(kept)[-1]
