"""`opsproof drill`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsproof.cli.options import CHECKS
from opsproof.cli.say import say

if TYPE_CHECKING:
    from opsproof.cli.drill import Wish


@click.command()
@click.argument("environment", metavar="SYSTEM/ENVIRONMENT")
@CHECKS
@click.option(
    "--row", default="", help="The drill that this requirement is decided by, where there are several."
)
@click.option("--yes", is_flag=True, help="Do not ask: needed where nobody could answer.")
def drill(environment: str, folder: Path, row: str, yes: bool) -> None:
    """Restore the newest dump into a scratch database, measure RPO and RTO, and take it away again.

    This is the only command that writes to a server: to the one that the environment names under `into`, which
    must prove that it is that one and may be nobody's production. Afterwards the requirements that drills
    decide are run. Exit status: theirs; where there are none, 0 when the drill succeeded and 1 otherwise; 2
    when nothing was begun.
    """
    from opsproof.cli.drill import lines, run_rows, wished
    from opsproof.drill.perform import perform
    from opsproof.drill.record import NotKept
    from opsproof.drill.scratch import Refused
    from opsproof.evidence.files import Unwritable

    try:
        wish = wished(folder, environment, row)
        for line in wish.announced():
            say(line)
        _agreed(wish, yes=yes)
        done = perform(wish.drill, wish.into, lambda step: say(f"  {step} ..."))
    except (Refused, Unwritable) as why:
        say(f"nothing was begun: {why}", err=True)
        sys.exit(2)
    except NotKept as why:
        say(str(why), err=True)
        sys.exit(1)
    for line in lines(done):
        say(line)
    sys.exit(run_rows(folder, wish) if wish.rows else 0 if done.good else 1)


def _agreed(wish: Wish, *, yes: bool) -> None:
    from opsproof.drill.scratch import Refused

    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("nobody could answer: say --yes")
    if not click.confirm("go on?"):
        raise Refused("you said no")
