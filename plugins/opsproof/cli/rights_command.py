"""`opsproof rights`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsproof.cli.options import CHECKS
from opsproof.cli.say import say

if TYPE_CHECKING:
    from opsproof.cli.rights import Checked, Wanted
    from opsproof.model.rights import Account


_NOT_ASKED = "not asked: only its use shows what is missing"


@click.command()
@CHECKS
@click.option("--env", "environments", multiple=True, required=True, help="Which environment; repeatable.")
@click.option("-m", "expression", default="", help="Only for the requirements that pytest's -m would choose.")
@click.option("--target", "roles", multiple=True, help="Only for this target of the environment; repeatable.")
@click.option("--name", default="opsproof", show_default=True, help="What the account is called.")
@click.option(
    "--namespace", default="opsproof", show_default=True, help="The namespace of its ServiceAccount."
)
@click.option("--user", default="", help="A user of the cluster in place of a ServiceAccount.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the files into this folder.")
@click.option("--check", "asks", is_flag=True, help="Ask the targets which of the rights are missing.")
@click.option("--record", type=click.Path(path_type=Path), help="With --check: keep each request here.")
def rights(
    folder: Path, environments: tuple[str, ...], expression: str, roles: tuple[str, ...], name: str,
    namespace: str, user: str, out: Path | None, asks: bool, record: Path | None,
) -> None:  # fmt: skip
    """Print the least rights of exactly the selected checks, as files to apply: roles, grants, ACL, paths.

    With --check nothing is printed to apply: each target is asked, before anything else, what is missing
    there. Exit status 0 when nothing is, 1 otherwise.
    """
    from opsproof.model.rights import Account

    found = _wanted(folder, environments, expression, roles, secrets=asks)
    if asks:
        sys.exit(0 if _all_there(found, record) else 1)
    account = Account(name, namespace, user)
    for one in found:
        _print(one, account, out)


def _wanted(
    folder: Path, environments: tuple[str, ...], expression: str, roles: tuple[str, ...], *, secrets: bool
) -> list[Wanted]:
    from opsproof.cli.files import planned
    from opsproof.cli.rights import wanted
    from opsproof.cli.selection import selected

    plan = planned(folder, environments, secrets=secrets)
    if plan.problems:
        raise click.ClickException("\n".join(plan.problems))
    try:
        items = list(selected(plan, expression))
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None
    found = [one for one in wanted(items, plan.targets) if not roles or one.target.role in roles]
    if not found:
        raise click.ClickException("no target is asked by what was selected")
    return found


def _print(one: Wanted, account: Account, out: Path | None) -> None:
    files = list(one.written(account))
    if not all(file.comment for file in files):
        for need, more in one.sensitive:
            say(f"# SENSITIVE {one.target.id}: {need}: {more}")
    if not files:
        say(f"# ==== {one.target.id}: needs no rights")
    for file in files:
        if out is None:
            say(f"{file.comment} ==== {one.target.id}: {file.name}\n{file.text.rstrip()}\n")
        else:
            out.mkdir(parents=True, exist_ok=True)
            (out / file.name).write_text(file.text, encoding="utf-8")
            say(str(out / file.name))


def _all_there(found: list[Wanted], record: Path | None) -> bool:
    import msgspec

    from opsproof.cli.rights import checked

    answers = [checked(one) for one in found]
    for answer in answers:
        for line in _lines(answer):
            say(line)
    if record is not None:
        asked = (msgspec.json.encode(request) for answer in answers for request in answer.requests)
        record.write_bytes(b"".join(line + b"\n" for line in asked))
    return all(answer.good for answer in answers)


def _lines(answer: Checked) -> list[str]:
    from opsproof.model.text import printable

    name = answer.wanted.target.id
    marked = [f"{name}: SENSITIVE: {need}: {more}" for need, more in answer.wanted.sensitive]
    if answer.failure:
        return [*marked, printable(f"{name}: cannot tell: {answer.failure}")]
    if not answer.asked:
        return [*marked, f"{name}: {'needs no rights' if answer.wanted.rights is None else _NOT_ASKED}"]
    if not answer.missing:
        return [*marked, f"{name}: nothing is missing ({len(answer.requests)} requests)"]
    return [*marked, *(f"{name}: missing: {need}" for need in answer.missing)]
