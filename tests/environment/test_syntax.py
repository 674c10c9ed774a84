"""A slip of the keyboard is named on its own line, with what is wanted, in the words of who writes runbooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.environment.yaml import read
from tests.environment.files import PRODUCTION, RUNBOOK, lines, load

SLIPS = {
    "one space too many": (
        "a:\n  b: 1\n   c: 2\n",
        "3:4: indented by 3 spaces, below b, which has a value already; indent it by 2 spaces",
    ),
    "one space too few": (
        "a:\n  b: 1\n c: 2\n",
        "3:2: indented by 1 space, which fits nothing above it; indent it by 0 or 2 spaces",
    ),
    "too deep below a mapping": (
        "a:\n  b: 1\n  c: [d]\n    e: 2\n",
        "4:5: indented by 4 spaces, which fits nothing above it; indent it by 2 spaces",
    ),
    "too deep at the top": (
        "a: x\n  b: 1\n",
        "2:3: indented by 2 spaces, below a, which has a value already; indent it by 0 spaces",
    ),
    "too deep in a list": (
        "a:\n  - b: x\n     c: 1\n",
        "3:6: indented by 5 spaces, below b, which has a value already; indent it by 4 spaces",
    ),
    "too shallow in a list": (
        "a:\n  - b: x\n   c: 1\n",
        "3:4: indented by 3 spaces, which fits nothing above it; indent it by 2 or 4 spaces",
    ),
    "an item too shallow": (
        "a:\n  - b\n - c\n",
        "3:2: indented by 1 space, which fits nothing above it; indent it by 0 or 2 spaces",
    ),
    "an item among keys": (
        "a:\n  b: 1\n  - c\n",
        "3:3: a list item among keys; write a key, or indent the list",
    ),
    "a comment between": (
        "a:\n  b: 1\n# c\n\n   d: 2\n",
        "5:4: indented by 3 spaces, which fits nothing above it; indent it by 2 spaces",
    ),
    "a tab": ("a:\n\tb: 1\n", "2:1: a tab where YAML wants spaces; indent with spaces"),
    "a tab after spaces": (
        "a:\n  b: 1\n  \tc: 2\n",
        "3:3: a tab where YAML wants spaces; indent with spaces",
    ),
    "no colon": ("a:\n  b: 1\n  c\n  d: 2\n", "3:3: no colon after this key; write it like key: value"),
    "one of several too shallow": (
        "a:\n  b:\n    c: 1\n  d: 2\n    e: 3\n",
        "4:3: indented by 2 spaces, between lines that are indented by 4; indent it by 4 spaces",
    ),
    "the first line too deep": (" a: 1\nb: 2\n", "1:2: indented by 1 space, unlike line 2; do not indent it"),
    "no space after the colon": ("a:\n  b:1\n  c: 2\n", "2:4: no space after the colon; write b: 1"),
    "no space after the last colon": ("a: 1\nb:2\n", "2:2: no space after the colon; write b: 2"),
    "no space within braces": ("a: {b:1, c: 2}\n", "1:5: no space after the colon; write b: 1"),
    "a quote left open": (
        'a: "b\nc: 1\n',
        '1:4: the quote " that begins here is not closed; end the value with "',
    ),
    "a quote closed by the next one": (
        'a: "b\nc: 1\nd: "e"\n',
        '1:4: the quote " that begins here is not closed; end the value with "',
    ),
    "a single quote left open": (
        "a: 'b\nc: 1\n",
        "1:4: the quote ' that begins here is not closed; end the value with '",
    ),
    "a bracket left open": ("a: [b, c\nd: 1\n", "1:4: the [ that begins here is not closed; end it with ]"),
    "a brace left open": ("a: {b: c\nd: 1\n", "1:4: the { that begins here is not closed; end it with }"),
    "a bracket left open at the end": ("a: [\n", "1:4: the [ that begins here is not closed; end it with ]"),
    "a bracket too many": ("a: [b]]\nc: 1\n", "1:7: a ] that closes nothing; take it away"),
    "no comma": (
        "a: {b: 1 c: 2}\n",
        "1:11: a comma or } is missing before this; separate what is within {} by commas",
    ),
    "a colon in a value": (
        "a: b: c\n",
        "1:4: a value with a colon and a space in it; put the value in quotes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_named_on_its_own_line(tmp_path: Path, slip: str) -> None:
    text, expected = SLIPS[slip]
    file = tmp_path / "x.yaml"
    file.write_text(text)
    assert [str(problem).split("x.yaml:", 1)[1] for problem in read(file)[1]] == [expected]


def test_every_line_of_a_runbook_may_be_indented_wrongly(tmp_path: Path) -> None:
    """One space more or less on any one line with a value: what is told stands on it, or right below it.

    Where a key alone is moved, its own lines say how far it may be: that is no mistake.
    """
    rows = RUNBOOK.strip("\n").splitlines()
    off = []
    for number, row in enumerate(rows):
        if row.endswith(":"):
            continue
        for changed in (f" {row}", row[1:]) if row.startswith(" ") else (f" {row}",):
            text = "\n".join([*rows[:number], changed, *rows[number + 1 :]])
            found = lines(load(tmp_path, runbook="\n" + text))
            places = [int(one.split(":")[1]) - 1 - number for one in found if one.startswith("runbook")]
            off += [(row, found)] if not places or min(places, key=abs) not in {0, 1} else []
    assert off == []


DEPTHS = {
    "a row's key among the ids": (
        {"runbook": RUNBOOK.replace("    respond: [", "  respond: [")},
        "runbook.yaml:9:3: respond is a key of a requirement, not an id; indent it by 4 spaces or more",
    ),
    "a target's key among the roles": (
        {"production": "environment: production\ntargets:\n  prometheus: {url: 'http://p'}\n  token: {env: X}\n"},
        "environments/production.yaml:4:3: token needs a kind; token is a key of a target: indent it by 4 spaces",
    ),
    "a target's value among the roles": (
        {"production": "environment: production\ntargets:\n  prometheus: {}\n  url: 'http://p'\n"},
        "environments/production.yaml:4:8: targets.url: needs a mapping of keys to values, found text; "
        "url is a key of a target: indent it by 4 spaces",
    ),
    "an environment's key among the roles": (
        {"production": PRODUCTION.replace("names: {", "  names: {")},
        "environments/production.yaml:4:3: names needs a kind; names stands beside targets: indent it by 0 spaces",
    ),
    "an environment's key within a declaration": (
        {
            "production": PRODUCTION
            + "quiet_hours:\n  - days: [sat]\n    zone: UTC\n    reason: x\n    gate: high\n"
        },
        "environments/production.yaml:9:5: unknown key 'gate'; gate stands beside quiet_hours: indent it by 0 spaces",
    ),
}  # fmt: skip


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_key_at_the_wrong_depth_is_told_where_it_belongs(tmp_path: Path, depth: str) -> None:
    """It is valid YAML, and means something else."""
    changed, expected = DEPTHS[depth]
    assert expected in lines(load(tmp_path, **changed))
