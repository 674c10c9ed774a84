"""The one place through which the command's text goes to a terminal: what steers it is replaced."""

from __future__ import annotations

from typing import Any

import click

from opsproof.model.text import printable


def say(text: object, *, err: bool = False, **style: Any) -> None:
    """Print a text, with click's style."""
    click.secho(printable(str(text)), err=err, **style)
