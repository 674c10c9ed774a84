"""What reports say of numbers, moments and measures, in one place."""

from __future__ import annotations

from datetime import datetime

from opsproof.model.measure import Measure
from opsproof.model.units import duration_text

IDENTITY = {
    "verified": "proved to be the declared one",
    "unverified": "not compared (no identity declared)",
    "unknown": "did not tell who it is",
    "mismatch": "NOT the declared one",
}


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


def ago(moment: datetime, now: datetime) -> str:
    """`2h ago`, `just now`."""
    passed = (now - moment).total_seconds()
    return f"{duration_text(passed)} ago" if passed >= 1 else "just now"


def compared(measured: Measure, limit: Measure) -> str:
    """`measured 3, needed at most 0`; what says nothing is left out."""
    if measured.text and limit.text:
        return f"measured {measured.text}, needed {limit.text}"
    return f"measured {measured.text}" if measured.text else f"needed {limit.text}" if limit.text else ""


def warned(warning: str, instead: str) -> str:
    """`WARNING: it may be the wrong one. Instead: name the revision`, without what is not said."""
    parts = [f"WARNING: {warning.rstrip('.')}."] if warning else []
    return " ".join([*parts, *([f"Instead: {instead}"] if instead else [])])
