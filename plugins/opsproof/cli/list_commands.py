"""`opsproof checks` and `opsproof sources`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opsproof.cli.options import CHECKS, JSON
from opsproof.cli.say import say

if TYPE_CHECKING:
    from opsproof.examine.check import Check


@click.command()
@CHECKS
@JSON
@click.argument("names", nargs=-1)
def checks(folder: Path, names: tuple[str, ...], as_json: bool) -> None:
    """List the checks that there are; with NAMES, all about these: limits, units, defaults, what they ask.

    Without a folder of checks, those of the library. Asks no server.
    """
    from opsproof.cli import listed
    from opsproof.cli.described import check_info

    found = _checks(folder)
    if unknown := [name for name in names if name not in found]:
        raise click.UsageError(_unknown(unknown[0], found))
    infos = [check_info(found[name]) for name in (names or sorted(found))]
    if as_json:
        _json(infos)
        return
    lines = (line for one in infos for line in listed.whole(one)) if names else listed.short(infos)
    for line in lines:
        say(line)


@click.command()
@JSON
@click.argument("names", nargs=-1)
def sources(names: tuple[str, ...], as_json: bool) -> None:
    """List the kinds of targets that there are, ours and those that are installed, with their keys."""
    from opsproof.cli import listed
    from opsproof.cli.described import source_infos

    found = {one.name: one for one in source_infos()}
    if unknown := [name for name in names if name not in found]:
        raise click.UsageError(_unknown(unknown[0], found))
    infos = [found[name] for name in (names or found)]
    if as_json:
        _json(infos)
        return
    for line in (line for one in infos for line in listed.source(one)):
        say(line)


def _checks(folder: Path) -> Mapping[str, Check]:
    import sys

    from opsproof.library import Library, discover

    if not folder.is_dir():
        return {check.name: check for check in Library()}
    root = folder.resolve().parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    found = discover(folder.resolve(), root)
    if found.problems:
        raise click.ClickException("\n".join(found.problems))
    return found.checks


def _unknown(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f"there is no {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _json(infos: Any) -> None:
    import msgspec

    say(msgspec.json.format(msgspec.json.encode(infos), indent=2).decode())
