"""`opsproof`: what is done with runs and files outside of a pytest run."""

from opsproof.cli.main import main

__all__ = ["main"]
