"""The team and its shop, for what a real run prints."""

from tests.hooks.conftest import shop, team

__all__ = ["shop", "team"]
