"""A form that something is stored in: fed piece by piece, and asked at its end."""

from __future__ import annotations


class Form:
    """A form of which nothing more is known."""

    def __init__(self, name: str = "other") -> None:
        self.name = name

    def feed(self, data: bytes) -> None:
        """Nothing is looked for."""

    def told(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        """Nothing was started."""
