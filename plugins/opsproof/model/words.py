"""Numbers with their nouns."""

from __future__ import annotations


def several(number: float, noun: str) -> str:
    """`1 pod`, `2 pods`, `0 pods`."""
    return f"{number:.0f} {noun}" + ("" if number == 1 else "s")


def are(number: float, noun: str) -> str:
    """`1 pod is`, `2 pods are`."""
    return f"{several(number, noun)} {'is' if number == 1 else 'are'}"


def first_few(things: list[str], most: int = 5) -> str:
    """`a, b and 3 more`."""
    left = len(things) - most
    return ", ".join(things[:most]) + (f" and {left} more" if left > 0 else "")
