"""YAML from servers."""

from __future__ import annotations

import pytest

from opsproof.transport.yaml import BadYaml, load
from tests.sources.yaml_bombs import bomb


def test_a_document_is_read() -> None:
    assert {"a": [1, {"b": "x"}], "c": 1} == load("a: &one [1, {b: x}]\nc: 1\n")


def test_aliases_that_stand_for_little_are_read() -> None:
    assert [[1], [1]] == load("- &one [1]\n- *one\n")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        bomb(),
        "a: &a\n  - *a\n",
        "[" * 100_000,
        "[" * 70 + "]" * 70,
        "- x\n" * 200_000,
        "x" * 5 * 2**20,
        "{a: b",
        "!!python/object/apply:os.system [true]",
        "a: b\n---\nc: d\n",
        "? [a]\n: b\n",
        "\x00",
        "2026-99-99",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_what_is_too_much_or_no_yaml_is_refused(text: str) -> None:
    """Aliases of aliases, one that contains itself, depth, size, tags, and what only looks like a date."""
    with pytest.raises(BadYaml) as caught:
        load(text)
    assert len(str(caught.value)) < 60
