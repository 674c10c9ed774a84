"""Numbers with their nouns."""

from __future__ import annotations

from opsproof.model.words import are, first_few, several


def test_one_is_singular() -> None:
    assert [several(number, "pod") for number in (0, 1, 2)] == ["0 pods", "1 pod", "2 pods"]


def test_a_noun_has_its_verb() -> None:
    assert [are(number, "pod") for number in (0, 1, 2)] == ["0 pods are", "1 pod is", "2 pods are"]


def test_long_lists_are_cut() -> None:
    assert first_few(["a", "b"]) == "a, b"
    assert first_few(["a", "b", "c"], most=2) == "a, b and 1 more"
