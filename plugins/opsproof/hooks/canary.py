"""Assertions must fire: under `python -O` those of modules that pytest does not rewrite do nothing."""

from __future__ import annotations


def assertions_work() -> bool:
    """False when Python was started so that some `assert` may do nothing, and so no FAIL is certain."""
    try:
        assert not __name__
    except AssertionError:
        return __debug__
    return False
