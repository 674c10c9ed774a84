"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

CHECKS = click.option(
    "--checks",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("checks"),
    show_default=True,
    help="The folder of checks and systems.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
