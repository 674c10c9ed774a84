"""The `opsproof` command."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """opsproof: a runbook's promises as pytest checks against the live environment."""
