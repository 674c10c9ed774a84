"""An assertion that must fire: under `python -O` it does not, and then no check can fail."""

from __future__ import annotations


def assertions_work() -> bool:
    """False when Python was started so that `assert` does nothing."""
    try:
        assert not __name__
    except AssertionError:
        return True
    return False
