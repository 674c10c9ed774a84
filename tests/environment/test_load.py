"""Loading gives everything a system's folder says, or all of its mistakes at once."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from opsproof.environment.load import load_systems
from opsproof.model.level import CRITICAL, HIGH, LOW
from opsproof.model.outcome import Outcome
from opsproof.model.requirement import Adoption, Requirement, Severity, Step
from tests.environment.files import PRODUCTION, RUNBOOK, SYSTEM, lines, load, shop, write

WAIVERS = """
waivers:
  - requirement: SH-001
    subject: "pod/shop/batch-*"
    environment: production
    reason: being replaced
    requested_by: ann
    approved_by: Bob
    from: 2026-01-01T00:00:00+01:00
    until: 2026-02-01T00:00:00Z
"""


def row(folder: Path, text: str) -> tuple[list[str], Requirement | None]:
    """The problems and the requirement of a runbook whose row SH-001 has these lines."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    loaded = load(folder, runbook="requirements:\n  SH-001:\n" + body, production="environment: production\n")
    return lines(loaded), loaded.systems["shop"].requirements.get("SH-001")


def test_a_right_folder_has_no_problems(tmp_path: Path) -> None:
    loaded = load(tmp_path, waivers=WAIVERS)
    assert lines(loaded) == []
    assert list(loaded.systems) == ["shop"]
    assert list(loaded.environments()) == ["shop/production"]


def test_a_requirement_keeps_what_its_row_says(tmp_path: Path) -> None:
    shop_ = load(tmp_path).systems["shop"]
    one, other = shop_.requirements["SH-001"], shop_.requirements["SH-002"]
    assert (one.says, one.lines, one.kind, one.checks) == (
        "Every pod is ready",
        "63",
        "check",
        ("health/pods-ready",),
    )
    assert one.severity == Severity("P1", CRITICAL, "< 5 min", "10")
    assert (one.level, one.when_empty, one.respond) == (CRITICAL, "unknown", ("SH-060",))
    assert (one.limits, one.automated, one.markers) == ({"grace": "5m"}, True, ("continuous", "daily"))
    assert (other.automated, other.planned, other.markers) == (False, "backup/restore-test", ("weekly",))
    position = one.positions.at("limits", "grace")
    assert (position.file.name, position.line, position.column) == ("runbook.yaml", 8, 21)


def test_procedures_keep_warning_and_right_way(tmp_path: Path) -> None:
    procedure = load(tmp_path).systems["shop"].procedures["SH-060"]
    assert procedure.steps == (
        Step("Look at the events"),
        Step("Roll back", True, "1 is not the previous one", "name the revision"),
    )


def test_the_severity_of_a_level_is_the_runbooks_first_of_it(tmp_path: Path) -> None:
    shop_ = load(tmp_path).systems["shop"]
    one = shop_.requirements["SH-002"]
    assert shop_.severity(one, HIGH).label == "P2"
    assert shop_.severity(one, LOW) == Severity("", LOW)
    assert shop_.severity(shop_.requirements["SH-001"], HIGH).label == "P2"


def test_a_waiver_is_kept_in_utc(tmp_path: Path) -> None:
    (waiver,) = load(tmp_path, waivers=WAIVERS).systems["shop"].waivers
    assert waiver.begins == datetime(2025, 12, 31, 23, tzinfo=timezone.utc)
    assert waiver.covers == (Outcome.FAIL,)
    assert not waiver.self_approved
    assert not waiver.over_long
    assert waiver.in_force(waiver.begins)
    assert not waiver.in_force(waiver.until)
    assert waiver.position.line == 2


def test_over_long_and_self_approved_waivers_are_kept(tmp_path: Path) -> None:
    changed = WAIVERS.replace("Bob", "Ann ").replace("2026-02-01", "2026-06-01")
    loaded = load(tmp_path, waivers=changed)
    (waiver,) = loaded.systems["shop"].waivers
    assert lines(loaded) == []
    assert waiver.self_approved
    assert waiver.over_long


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("SH-001", "SH-01", "waivers.yaml:2:18: unknown requirement 'SH-01'; did you mean 'SH-001'?"),
        ("production", "prod", "waivers.yaml:4:18: unknown environment 'prod'; allowed: *, production"),
        ("+01:00", "", "waivers.yaml:8:11: from: a time without zone; write it like"),
        ("2026-01-01T00:00:00+01:00", "2026-01-01", "waivers.yaml:8:11: from: a day without a time and zone"),
        ("2026-01-01T00:00:00+01:00", "2026-13-01T00:00:00Z", "waivers.yaml:8:11: from: no such day or time"),
        ("2026-02-01", "2025-02-01", "waivers.yaml:9:12: until is not after from"),
        ("    reason: being replaced\n", "", "waivers.yaml:2:5: key 'reason' is missing"),
        ("reason: being replaced", 'reason: " "', "waivers.yaml:5:13: reason: must not be empty"),
        (
            "    reason",
            "    covers: [pass]\n    reason",
            "waivers.yaml:5:14: covers.0: unknown outcome 'pass'",
        ),
    ],
)
def test_a_wrong_waiver_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    found = lines(load(tmp_path, waivers=WAIVERS.replace(old, new)))
    assert len(found) == 1, found
    assert found[0].startswith(problem)


GOOD_ROW = "says: x\nchecks: [health/pods-ready]\ncadence: daily\n"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("limts: {}", "6:5: SH-001: unknown key 'limts'; did you mean 'limits'? allowed: adopted, awaits,"),
        ("level: hihg", "6:12: SH-001: level: unknown level 'hihg'; did you mean 'high'?"),
        ("severity: p1", "6:15: unknown severity 'p1'; did you mean 'P1'? allowed: P1, P2"),
        ("severity: P1\nlevel: low", "7:12: SH-001: level low contradicts severity 'P1'; it is critical"),
        ("respond: [SH-06]", "6:15: unknown procedure 'SH-06'; none is declared"),
        ("planned: later", "2:3: SH-001: needs exactly one of checks and planned"),
        (
            "kind: gates",
            "6:11: SH-001: kind: unknown kind 'gates'; did you mean 'gate'? allowed: check, gate",
        ),
        (
            "when_empty: skip",
            "6:17: SH-001: when_empty: unknown when_empty 'skip'; allowed: fail, not_applicable,",
        ),
        ("lines: 010", "6:12: 010 is read differently by different readers; write 10,"),
        ("lines: about 5", "6:12: SH-001: lines: needs line numbers; write 63, 63-70 or [63, 70]"),
        ("limits: [5m]", "6:13: SH-001: limits: needs a mapping of keys to values, found a list"),
        ("proves: some", "6:13: SH-001: proves: needs full, or partial with what a PASS does not show"),
        ("inferred: [levle]", "6:16: unknown key 'levle'; did you mean 'level'?"),
        ("adopted: {by: ann, on: soon}", "6:28: SH-001: adopted.on: not a day; write it like 2026-01-31"),
        ("adopted: {by: ann}", "6:14: SH-001: key 'on' is missing"),
        ("awaits: 5", "6:13: SH-001: awaits: needs text, found the number 5; write it in quotes"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, more: str, problem: str) -> None:
    found, _ = row(tmp_path, GOOD_ROW + more)
    assert len(found) == 1, found
    assert found[0].startswith(f"runbook.yaml:{problem}"), found[0]


def test_a_row_says_what_its_pass_does_not_show_and_who_adopted_it(tmp_path: Path) -> None:
    found, one = row(tmp_path, GOOD_ROW + "proves: {partial: no writes}\nadopted: {by: ann, on: 2026-01-31}")
    assert found == []
    assert one is not None
    assert (one.proves_partial, one.adopted) == ("no writes", Adoption("ann", date(2026, 1, 31)))


def test_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    """A wrong key hides neither the other mistakes of its own row nor those of other files."""
    runbook = RUNBOOK.replace("[continuous]", "[hourly]").replace("SH-060]", "SH-061]")
    production = PRODUCTION.replace("prometheus:", "prometeus:").replace(
        "environment: production", "environment: 5"
    )
    found = lines(
        load(tmp_path, system=SYSTEM + "tiel: x\n", runbook=runbook, production=production, waivers="[]")
    )
    assert [one.split(";")[0] for one in found] == [
        "environments/production.yaml:1:14: environment: needs text, found the number 5",
        "environments/production.yaml:3:3: prometeus needs a kind",
        "runbook.yaml:6:15: SH-001: cadence.0: unknown cadence 'hourly'",
        "runbook.yaml:9:15: unknown procedure 'SH-061'",
        "system.yaml:11:1: unknown key 'tiel'",
        "waivers.yaml:1:1: the file must hold a mapping of keys to values",
    ]


def test_the_same_id_in_two_systems_is_refused(tmp_path: Path) -> None:
    systems = shop(tmp_path)
    write(systems / "stall", "system.yaml", "system: stall\ntitle: Stall\n")
    write(
        systems / "stall",
        "runbook.yaml",
        "requirements:\n  SH-001: {says: x, planned: later, cadence: daily}\n",
    )
    (problem,) = load_systems(systems).problems
    assert problem.message == "duplicate requirement SH-001"
    assert problem.file.parent.name == "stall"
    assert problem.hint.endswith("shop/runbook.yaml:2:3")


def test_an_id_is_a_requirement_or_a_procedure(tmp_path: Path) -> None:
    (problem,) = lines(
        load(tmp_path, runbook=RUNBOOK.replace("SH-060:", "SH-001:").replace("[SH-060]", "[SH-001]"))
    )
    assert problem.startswith("runbook.yaml:17:3: SH-001 is a requirement and a procedure; first at")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("waiver.yaml", "waiver.yaml:1:1: unknown file 'waiver.yaml'; did you mean 'waivers.yaml'?"),
        ("runbook.yml", "runbook.yml:1:1: unknown file 'runbook.yml'; did you mean 'runbook.yaml'?"),
        ("environments/x.yml", "environments/x.yml:1:1: unknown file 'x.yml'; call it .yaml"),
    ],
)
def test_a_file_that_would_be_passed_over_is_named(tmp_path: Path, name: str, problem: str) -> None:
    write(shop(tmp_path) / "shop", name, "a: 1")
    (found,) = lines(load(tmp_path))
    assert found.startswith(problem)


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "checks" / "systems" / "shop").mkdir(parents=True)
    assert lines(load_systems(tmp_path / "checks" / "systems")) == [
        "runbook.yaml:1:1: the file is missing",
        "system.yaml:1:1: the file is missing",
    ]
    (problem,) = load_systems(tmp_path / "nowhere").problems
    assert "no folder of systems here" in str(problem)


def test_a_system_without_an_environment_is_named(tmp_path: Path) -> None:
    """Its automated rows would get no item in any run; rows that are only planned need none."""
    systems = shop(tmp_path)
    (systems / "shop" / "environments" / "production.yaml").unlink()
    assert lines(load_systems(systems)) == [
        "system.yaml:1:1: no environment: nothing decides the automated rows (1); add environments/<name>.yaml"
    ]
    write(
        systems / "shop", "runbook.yaml", "requirements:\n  SH-1: {says: x, planned: later, cadence: daily}\n"
    )
    assert lines(load_systems(systems)) == []


def test_a_system_bears_its_folders_name(tmp_path: Path) -> None:
    (found,) = lines(load(tmp_path, system=SYSTEM.replace("system: shop", "system: shoppe")))
    assert found == "system.yaml:1:9: system 'shoppe' lies in the folder 'shop'; give both the same name"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("label: P2", "label: P1", "5:13: duplicate severity 'P1'"),
        ("level: high", "level: severe", "5:24: severities.1.level: unknown level 'severe'"),
        ("${namespaces}", "${namespace}", "10:18: unknown name 'namespace'; did you mean 'namespaces'?"),
        (
            "api_url: null",
            'api_url: "x${api_url}"',
            "8:12: names.api_url is defined by itself: api_url -> api_url",
        ),
        ("api_url: null", "api url: null", "8:3: 'api url' is not a name; use letters, digits, _ and -"),
        ("http_requests:", "namespaces:", "10:3: 'namespaces' is declared under names and under metrics"),
    ],
)
def test_a_wrong_system_file_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    plain = "environment: production\n"
    found = lines(load(tmp_path, system=SYSTEM.replace(old, new), production=plain))
    assert any(one.startswith(f"system.yaml:{problem}") for one in found), found


def test_digests_are_those_of_the_files(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    file = tmp_path / "checks/systems/shop/environments/production.yaml"
    assert (
        loaded.digests()["shop/environments/production.yaml"] == hashlib.sha256(file.read_bytes()).hexdigest()
    )
    assert sorted(loaded.digests()) == [
        "shop/environments/production.yaml",
        "shop/runbook.yaml",
        "shop/system.yaml",
    ]


def test_loading_the_repositorys_own_systems_finds_nothing_wrong() -> None:
    """All rows of the five runbooks are there."""
    folder = Path(__file__).parents[2] / "checks" / "systems"
    loaded = load_systems(folder)
    assert [str(problem) for problem in loaded.problems] == []
    assert sum(len(system.requirements) for system in loaded.systems.values()) == 500
