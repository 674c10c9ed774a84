"""Whatever the files hold, loading reports it and does not raise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environment.files import PRODUCTION, RUNBOOK, SYSTEM, lines, load

WAIVERS = """
waivers:
  - {requirement: SH-001, subject: a, environment: production, reason: a, requested_by: a, approved_by: b,
     from: 2026-01-01T00:00:00Z, until: 2026-02-01T00:00:00Z, covers: [fail]}
"""
ENVIRONMENT = (
    PRODUCTION
    + """
  # and everything else
like: production
gate: high
metrics: {http_requests: x}
not_applicable: [{requirement: SH-001, reason: a, declared_by: b, until: 2026-01-01T00:00:00Z}]
quiet_hours: [{days: [sat], from: "00:00", until: "06:00", zone: UTC, reason: a}]
"""
)
FILES = {"system": SYSTEM, "runbook": RUNBOOK, "production": ENVIRONMENT, "waivers": WAIVERS}
ODD = st.sampled_from(
    [
        None,
        True,
        5,
        -1,
        0.5,
        "",
        " ",
        "${x}",
        "${namespaces}",
        "full",
        [],
        [None],
        {},
        {"a": None},
        [[]],
        {"env": 5},
    ]
)


def places(tree: Any) -> list[tuple[Any, ...]]:
    """The path of every part of a tree."""
    found: list[tuple[Any, ...]] = [()]
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in parts:
        found += [(key, *rest) for rest in places(value)]
    return found


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = tree.copy()
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


@settings(max_examples=300)
@given(st.data())
def test_any_part_may_be_anything(tmp_path: Path, data: st.DataObject) -> None:
    """Each mistake is one line, at a place that exists."""
    name = data.draw(st.sampled_from(sorted(FILES)))
    tree = yaml.load(FILES[name], Loader=yaml.BaseLoader)
    path = data.draw(st.sampled_from(places(tree)))
    text = json.dumps(replaced(tree, path, data.draw(ODD)))
    for problem in load(tmp_path, **{**FILES, name: text}).problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert "\n" not in str(problem)


@pytest.mark.parametrize("name", sorted(FILES))
@settings(max_examples=60)
@given(data=st.data())
def test_a_file_cut_anywhere_is_reported(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = FILES[name]
    load(tmp_path, **{**FILES, name: content[: data.draw(st.integers(0, len(content)))]})


def test_the_files_themselves_are_wrong_in_one_way_only(tmp_path: Path) -> None:
    assert [one.split(": ", 1)[1] for one in lines(load(tmp_path, **FILES))] == [
        "like goes in a circle: production -> production"
    ]
