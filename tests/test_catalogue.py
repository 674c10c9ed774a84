"""The five runbooks as a whole: every row is there, and everything it names exists."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import pytest

from opsproof.environment.bind import bind
from opsproof.environment.load import Loaded, load_systems
from opsproof.examine.check import Check
from opsproof.library import Found, discover
from opsproof.model.requirement import Requirement, Step
from opsproof.plan.files import Files
from opsproof.plan.plan import make_plan
from opsproof.plan.wanted import Choice

ROOT = Path(__file__).parents[1]
SYSTEMS = ROOT / "checks" / "systems"
PREFIX = {
    "repo-scanner": "RS",
    "opsforge": "OF",
    "enterprise-platform": "EP",
    "accelerapp": "AC",
    "smartcloudops": "SC",
}
# system: rows, automated ones, those of them that are looked at daily or all the time
COUNTS = {
    "repo-scanner": (104, 59, 35),
    "opsforge": (86, 52, 33),
    "enterprise-platform": (105, 49, 35),
    "accelerapp": (89, 43, 29),
    "smartcloudops": (116, 86, 54),
}
AWAITING = {
    "EP-006", "EP-007", "EP-073", "EP-118", "OF-005", "RS-012", "SC-007",
}  # fmt: skip
# How a step begins that only looks, tells or decides. Whatever begins otherwise changes something.
LOOKS = re.compile(
    "Acknowledge|Alert|Ask|Assess|Call|Collect|Compare|Count|Describe|Detect|Establish|Find|Follow|Investigate"
    "|Keep|List|Look|Make|Name|Note|Notify|Open|Plan|Probe|Profile|Read|Resolve|Review|Run|Save|Search|Secure"
    "|See|Tell|Test|Time|Watch|Weigh|Write"
)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    found = load_systems(SYSTEMS)
    assert not found.problems, "\n".join(map(str, found.problems))
    return found


@pytest.fixture(scope="module")
def found() -> Found:
    checks = discover(ROOT / "checks", ROOT)
    assert not checks.problems, "\n".join(checks.problems)
    return checks


@pytest.fixture(scope="module")
def rows(loaded: Loaded) -> list[Requirement]:
    return [row for system in loaded.systems.values() for row in system.requirements.values()]


@pytest.fixture(scope="module")
def automated(rows: list[Requirement]) -> list[Requirement]:
    return [row for row in rows if row.automated]


def daily(row: Requirement) -> bool:
    return row.kind == "check" and "daily" in row.markers


def test_every_row_of_the_five_runbooks_is_there_once(loaded: Loaded, rows: list[Requirement]) -> None:
    assert {name: len(system.requirements) for name, system in loaded.systems.items()} == {
        name: count for name, (count, _, _) in COUNTS.items()
    }
    assert len({row.id for row in rows}) == len(rows) == 500


def test_ids_carry_their_system_and_stand_in_order(loaded: Loaded) -> None:
    for name, system in loaded.systems.items():
        for row in system.requirements:
            assert re.fullmatch(rf"{PREFIX[name]}-\d{{3}}", row), row
        assert list(system.requirements) == sorted(system.requirements), name


def test_what_is_automated_is_counted_by_system(automated: list[Requirement]) -> None:
    assert Counter(row.system for row in automated) == {name: count for name, (_, count, _) in COUNTS.items()}
    assert Counter(row.system for row in automated if daily(row)) == {
        name: count for name, (_, _, count) in COUNTS.items()
    }
    assert (len(automated), sum(map(daily, automated))) == (289, 186)


def test_nine_rows_await_another_source(rows: list[Requirement]) -> None:
    waiting = {row.id for row in rows if row.awaits}
    assert waiting == AWAITING
    assert not any(row.automated for row in rows if row.id in waiting)


def test_a_row_that_is_not_automated_names_what_is_planned(rows: list[Requirement]) -> None:
    assert [row.id for row in rows if row.automated == bool(row.planned)] == []


def test_every_row_says_something_and_where_it_comes_from(rows: list[Requirement]) -> None:
    assert [row.id for row in rows if not (row.says and row.cadence)] == []
    without = [row.id for row in rows if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", row.lines)]
    assert without == []


# Checks of the library that none of these runbooks needs.
FOR_OTHERS = {
    "metric/threshold",
    "capacity/host-disk",
    "database/replication",
    "health/host-services",
    "script/exit-status",
}


def test_every_check_is_used_and_every_used_check_exists(automated: list[Requirement], found: Found) -> None:
    used = {name for row in automated for name in row.checks}
    assert used == set(found.checks) - FOR_OTHERS
    assert len(used) == 80


def test_every_automated_row_binds_in_the_testbed(
    loaded: Loaded, automated: list[Requirement], found: Found
) -> None:
    """Scope and limits fit the checks, and the environment has every name that the scope mentions."""
    wrong = []
    for row in automated:
        kinds = {name: found.checks[name].limits for name in row.checks}
        environment = loaded.environments()[f"{row.system}/testbed"]
        for one in bind(row, kinds, environment).values():
            wrong += [f"{row.id}: {problem}" for problem in one.problems]
    assert wrong == []


def test_every_automated_row_gets_an_item_for_each_of_its_checks(
    loaded: Loaded, automated: list[Requirement], found: Found
) -> None:
    testbed = Choice(tuple(one.id for one in loaded.environments().values() if one.name == "testbed"))
    files = Files.of(loaded, found, testbed)
    planned = make_plan(files, now=datetime(2026, 1, 5, 9, tzinfo=timezone.utc))
    items = Counter((item.requirement, item.check.name) for item in planned.items)
    assert items == Counter((row.id, name) for row in automated for name in row.checks)


def test_a_limit_is_the_runbooks_or_is_shown_as_inferred(automated: list[Requirement]) -> None:
    """What `inferred` names is there: the level, or a field of this row or of its checks."""
    for row in automated:
        for name in row.inferred:
            assert name.partition(".")[0] in {"level", "limits", "scope", "when_empty", "severity"}, (
                row.id,
                name,
            )
        assert row.level is not None, row.id


def steps(loaded: Loaded) -> list[tuple[str, Step]]:
    return [
        (name, step)
        for system in loaded.systems.values()
        for name, procedure in system.procedures.items()
        for step in procedure.steps
    ]


def test_every_step_that_changes_state_is_marked(loaded: Loaded) -> None:
    bare = [(name, step.do) for name, step in steps(loaded) if not step.changes_state]
    assert [(name, does) for name, does in bare if not LOOKS.fullmatch(does.split()[0])] == []


def test_a_step_that_is_wrong_comes_with_its_warning_and_the_right_way(loaded: Loaded) -> None:
    assert [name for name, step in steps(loaded) if bool(step.warning) != bool(step.instead)] == []
    for trap in (r"to revision 1$", r"^Delete the pods .* by label", r"--delete-emptydir-data"):
        wrong = [step for _, step in steps(loaded) if re.search(trap, step.do)]
        assert wrong and all(step.changes_state and step.warning for step in wrong), trap


def test_every_response_is_attached_to_a_row_and_every_attached_one_exists(loaded: Loaded) -> None:
    for name, system in loaded.systems.items():
        attached = {one for row in system.requirements.values() for one in row.respond}
        assert attached == set(system.procedures), name


def test_checks_are_titled_by_the_compliant_state(found: Found) -> None:
    for check in found.checks.values():
        assert (
            isinstance(check, Check) and check.title and not re.match(r"(?i)ensure|check|verify", check.title)
        )
