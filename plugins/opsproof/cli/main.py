"""The `opsproof` command: what is done with files and runs outside of `pytest checks`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from opsproof.cli.drill_command import drill
from opsproof.cli.list_commands import checks, sources
from opsproof.cli.options import CHECKS
from opsproof.cli.rights_command import rights
from opsproof.cli.say import say
from opsproof.model.text import printable

RUN = click.argument("run", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="opsproof")
def main() -> None:
    """A runbook's promises as pytest checks against the live environment.

    The checks themselves run under pytest: `pytest checks -m daily --env SYSTEM/ENVIRONMENT`.
    """


@main.command()
@CHECKS
@click.option(
    "--env", "environments", multiple=True, help="Look for this environment's secrets, too; repeatable."
)
def validate(folder: Path, environments: tuple[str, ...]) -> None:
    """Say everything that is wrong in the files, one line each; then where each secret goes. Asks no server.

    Exit status 0 when nothing is wrong, 4 otherwise.
    """
    from opsproof.cli.files import planned, where_secrets_go
    from opsproof.model.words import several

    plan = planned(folder, environments)
    for problem in plan.problems:
        say(problem)
    if plan.problems:
        say(several(len(plan.problems), "problem"), err=True)
        sys.exit(4)
    systems = {system.name: system for system in plan.record.systems}.values()
    rows = sum(system.in_runbook for system in systems)
    automated = sum(system.automated for system in systems)
    say(
        f"{several(len(systems), 'system')}, {several(rows, 'requirement')}, {automated} automated: nothing wrong"
    )
    for line in where_secrets_go(plan):
        say(f"secret: {line}")


@main.command()
@CHECKS
@click.option("--env", "environments", multiple=True, required=True, help="Which environment; repeatable.")
def identify(folder: Path, environments: tuple[str, ...]) -> None:
    """Ask each target of an environment who it is, and print what to declare under its `identity`.

    Exit status 0 when every target answered, 1 otherwise.
    """
    from opsproof.cli.files import targets
    from opsproof.cli.identify import declarations

    found, problems = targets(folder, environments)
    if problems:
        raise click.ClickException(printable("\n".join(problems)))
    answered = True
    for line, good in declarations(found):
        say(line)
        answered = answered and good
    sys.exit(0 if answered else 1)


main.add_command(drill)
main.add_command(rights)
main.add_command(checks)
main.add_command(sources)


@main.command()
@RUN
def report(run: Path) -> None:
    """Rebuild the reports of a run from its journal, also when it was killed, and print the summary.

    Exit status 0 when the gate is open, 1 when it is closed, 2 when there is no such run or no room for it.
    """
    from opsproof.cli.runs import rebuilt, shown
    from opsproof.evidence.files import Unwritable

    try:
        result = rebuilt(run)
    except (FileNotFoundError, ValueError, Unwritable) as wrong:
        say(f"{wrong}", err=True)
        sys.exit(2)
    for line in shown(result, run):
        say(line.text, fg=_colour(line.markup), bold=bool((line.markup or {}).get("bold")))
    sys.exit(1 if result.gate.closed else 0)


@main.command()
@RUN
@click.option("--chain", is_flag=True, help="Walk back to the first run of the same environments.")
@click.option(
    "--expect", metavar="DIGEST", help="The digest of the manifest that the run told when it ended."
)
def verify(run: Path, chain: bool, expect: str | None) -> None:
    """Say whether a run's folder is what the run left: every file, nothing else, and the chain of its journal.

    Exit status 0 when intact and complete, 1 when not, 2 when there is no such run.
    """
    from opsproof.cli.runs import verified

    good = True
    try:
        for line, sound in verified(run, chain=chain, expect=expect):
            say(line)
            good = good and sound
    except FileNotFoundError as wrong:
        say(f"{wrong}", err=True)
        sys.exit(2)
    sys.exit(0 if good else 1)


def _colour(markup: dict[str, bool] | None) -> str | None:
    names = {"purple": "magenta"}
    return next((names.get(name, name) for name, on in (markup or {}).items() if on and name != "bold"), None)
