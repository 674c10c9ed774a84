"""Bad input: one line each with its place, all at once, exit 4, and nothing asked of any server."""

from __future__ import annotations

import re

import pytest

from tests.hooks.inside import Inside
from tests.hooks.team import CHECK, RUNBOOK, SYSTEM, Shop, Team

SYSTEMS = "checks/systems/shop"
_LINE = re.compile(r"(?:ERROR: )?([^\s:]+):(\d+):(\d+): (\S.*)")


def problems(output: str) -> list[str]:
    """Lines that name a place; anything else in stderr would be a second line for one problem."""
    lines = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.strip()]
    assert all(_LINE.fullmatch(line) for line in lines), output
    return lines


def refused(inside: Inside, *words: str) -> list[str]:
    """The problems that `pytest checks` names. It must stop with exit 4, before any request or run folder."""
    done = inside.run("checks", *words)
    assert done.ret == 4, done.stdout.str() + done.stderr.str()
    assert inside.shop.seen == []
    assert not (inside.team.folder / "reports").exists()
    return problems(done.stderr.str())


def row(more: str) -> str:
    """The runbook with something more in row SH-001."""
    return RUNBOOK.replace("    when_empty: fail\n", f"    when_empty: fail\n    {more}\n")


RUNBOOK_MISTAKES = {
    "unknown key": (
        row("limts: {probes: 1}"),
        "SH-001: unknown key 'limts'; did you mean 'limits'? allowed: ",
    ),
    "wrong type": (row("inferred: level"), "SH-001: inferred: needs a list, found text"),
    "wrong unit": (row("limits: {spacing: 5}"), "SH-001: limits.spacing: 5 has no unit; write it like 30s"),
    "duplicate key": (
        row("level: high"),
        "duplicate key 'level'; first at checks/systems/shop/runbook.yaml:13:5",
    ),
    "duplicate id": (
        RUNBOOK.replace("  SH-002:\n", "  SH-001:\n"),
        "duplicate key 'SH-001'; first at checks/systems/shop/runbook.yaml:8:3",
    ),
    "unknown cadence": (
        RUNBOOK.replace("[weekly]", "[weekli]"),
        "SH-003: cadence.0: unknown cadence 'weekli'; did you mean 'weekly'? allowed: ",
    ),
    "unknown level": (
        RUNBOOK.replace("level: medium", "level: meduim"),
        "SH-002: level: unknown level 'meduim'; did you mean 'medium'? allowed: critical, high, low, medium",
    ),
    "unknown name": (
        RUNBOOK.replace("${base}/catalogue", "${bas}/catalogue"),
        "unknown name 'bas'; did you mean 'base'? allowed: base, probes, spacing, status, urls",
    ),
    "limits the check does not have": (
        row("limits: {probs: 1}"),
        "SH-001: unknown limits field 'probs'; did you mean 'probes'? allowed: probes, spacing, status",
    ),
    "unknown check": (
        RUNBOOK.replace(
            "checks: [shop/pages]\n    cadence: [daily]", "checks: [shop/page]\n    cadence: [daily]"
        ),
        "unknown check 'shop/page'; did you mean 'shop/pages'? allowed: shop/pages",
    ),
    "unknown procedure": (
        RUNBOOK.replace("[SH-900]", "[SH-90]"),
        "unknown procedure 'SH-90'; did you mean 'SH-900'?",
    ),
    "no": (
        row("adopted: {by: no, on: 2026-01-31}"),
        "no is a boolean to some readers; write true or false, or ",
    ),
    "1e3": (
        row("limits: {probes: 1e3}"),
        '1e3 is read differently by different readers; write 1000, or "1e3" in quotes',
    ),
    "010": (row("limits: {probes: 010}"), "010 is read differently by different readers; write 10, or "),
    "1:30": (row("limits: {spacing: 1:30}"), "1:30 is read differently by different readers; write "),
}


@pytest.mark.parametrize("mistake", RUNBOOK_MISTAKES)
def test_a_mistake_in_the_runbook_is_one_line(inside: Inside, mistake: str) -> None:
    """What was found, what is allowed, the nearest spelling."""
    text, expected = RUNBOOK_MISTAKES[mistake]
    assert text != RUNBOOK
    inside.team.write(f"{SYSTEMS}/runbook.yaml", text)

    valid = inside.opsproof("validate")

    found = problems(valid.stdout)
    assert (valid.returncode, len(found)) == (4, 1), found
    assert found[0].startswith(f"{SYSTEMS}/runbook.yaml:"), found[0]
    assert expected in found[0]
    assert inside.shop.seen == []


def test_the_place_is_that_of_the_mistake(inside: Inside) -> None:
    """Line and column, counted from one, of the key or value itself."""
    inside.team.write(f"{SYSTEMS}/runbook.yaml", row("limts: {probes: 1}"))
    file, line, column = inside.opsproof("validate").stdout.split(":")[:3]
    written = (inside.team.folder / file).read_text().splitlines()[int(line) - 1]
    assert written[int(column) - 1 :].startswith("limts")


OTHER_FILES = {
    "unknown environment key": (
        "environments/production.yaml",
        "environment: production\ntarget: {}\n",
        "unknown key 'target'; did you mean 'targets'?",
    ),
    "unknown metric name": (
        "environments/production.yaml",
        "environment: production\ntargets: {http: {}}\nnames: {base: 'http://x'}\nmetrics: {requests: up}\n",
        "unknown metric 'requests'; none is declared",
    ),
    "unknown level of the gate": (
        "environments/production.yaml",
        "environment: production\ntargets: {http: {}}\nnames: {base: 'http://x'}\ngate: hihg\n",
        "gate: unknown level 'hihg'; did you mean 'high'?",
    ),
    "unknown severity level": (
        "system.yaml",
        SYSTEM.replace("level: critical", "level: kritical"),
        "unknown level 'kritical'; did you mean 'critical'?",
    ),
    "waiver of nothing": (
        "waivers.yaml",
        "waivers:\n  - {requirement: SH-01, subject: x, environment: production, reason: r, requested_by: a,\n"
        "     approved_by: b, from: 2026-01-01T00:00:00Z, until: 2026-02-01T00:00:00Z}\n",
        "unknown requirement 'SH-01'; did you mean 'SH-001'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", OTHER_FILES)
def test_a_mistake_in_another_file_is_one_line(inside: Inside, mistake: str) -> None:
    """system.yaml, environments and waivers are held to the same."""
    name, text, expected = OTHER_FILES[mistake]
    inside.team.write(f"{SYSTEMS}/{name}", text)
    (found,) = problems(inside.opsproof("validate").stdout)
    assert found.startswith(f"{SYSTEMS}/{name}:")
    assert expected in found


def test_mistakes_of_all_files_come_at_once(inside: Inside) -> None:
    """One run names everything of its environment, YAML and Python alike; `opsproof validate` says just the same."""
    inside.team.write(
        f"{SYSTEMS}/runbook.yaml",
        row("limts: {}").replace("[weekly]", "[weekli]").replace("[SH-900]", "[SH-90]"),
    )
    inside.team.write("checks/shop/check_pages.py", "def check_(:\n")

    found = refused(inside, "--env", "production")

    assert {name.split(":")[0].rpartition("/")[2] for name in found} == {"runbook.yaml", "check_pages.py"}
    assert len(found) == 4, found
    valid = inside.opsproof("validate")
    assert (valid.returncode, valid.stdout.splitlines(), valid.stderr) == (4, found, "4 problems\n")
    assert inside.shop.seen == []


def test_what_a_run_does_not_need_does_not_stop_it(inside: Inside) -> None:
    """Another environment, another system, a check that no row names: `validate` reads them, a run does not."""
    inside.team.write(f"{SYSTEMS}/environments/staging.yaml", "environment: staging\nlike: prodution\n")
    inside.team.write("checks/systems/stall/system.yaml", "system: [\n")
    inside.team.write("checks/shop/check_broken.py", "raise SystemError\n")

    done = inside.run("checks", "--env", "shop/production", "-m", "daily")

    assert done.ret == 0, done.stdout.str() + done.stderr.str()
    assert inside.shop.seen != []
    found = problems(inside.opsproof("validate").stdout)
    assert {name.split(":")[0].rpartition("/")[2] for name in found} == {
        "staging.yaml",
        "system.yaml",
        "runbook.yaml",  # of the stall, which has none
        "check_broken.py",
    }


OTHER = CHECK.replace("shop/pages", "shop/other")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\n\ndef check_(:\n", "check_other.py:3:12: SyntaxError: "),
        ("import nothing_of_this_name\n", "check_other.py:1:1: ModuleNotFoundError: No module named"),
        ("import os\nraise SystemError('one\\ntwo')\n", "check_other.py:2:1: SystemError: one"),
        (CHECK, "check 'shop/pages' is not in the file of its name; move it to shop/check_pages.py"),
        (
            OTHER.replace("Annotated[Any, Endpoints()]", "Any"),
            "shop/other: argument 'pages' needs one source in its annotation",
        ),
        (
            OTHER.replace("limits: PageLimits,", "limits: int,"),
            "shop/other: annotate `limits` with a subclass of Limits",
        ),
        ("", "check_other.py:1:1: no check is defined here; shop/other is looked for"),
    ],
)  # fmt: skip
def test_a_broken_file_of_checks_is_one_line(inside: Inside, text: str, expected: str) -> None:
    """Syntax, imports and declarations: the author gets the place, not a traceback."""
    inside.team.write("checks/shop/check_other.py", text)
    (found,) = problems(inside.opsproof("validate").stdout)
    assert expected in found


def test_rows_of_a_broken_file_are_no_further_lines(inside: Inside) -> None:
    """Three rows name it: the file's own mistake is what has to be mended."""
    inside.team.write("checks/shop/check_pages.py", "def check_(:\n")
    (found,) = refused(inside)
    assert "SyntaxError" in found


def test_a_broken_library_is_one_line(inside: Inside) -> None:
    """The library is imported when the line that names it is: its mistakes are told there."""
    inside.team.write(
        "checks/check_library.py",
        "from opsproof.library import Library\nchecks = Library('nowhere.at_all')\n",
    )
    (found,) = refused(inside)
    assert found.startswith("checks/check_library.py:")
    assert "No module named 'nowhere'" in found


def test_an_unknown_environment_is_refused(inside: Inside) -> None:
    """--env: what was written, the nearest, and all there are."""
    done = inside.run("checks", "--env", "prodution")
    assert done.ret == 4
    assert "--env prodution: no such environment; did you mean production?" in done.stderr.str()
    assert "there are: shop/production" in done.stderr.str()
    assert inside.shop.seen == []
    valid = inside.opsproof("validate", "--env", "prodution")
    assert valid.returncode == 4
    assert "no such environment" in valid.stdout


def test_unknown_values_of_options_are_refused(inside: Inside) -> None:
    """A gate that is no level, a deadline without unit, a replay of nothing, half an expression."""
    for words, said in (
        (("--gate", "hgih"), "invalid choice: 'hgih'"),
        (("--deadline", "5"), "write it like 30s"),
        (("--replay", "reports/nothing"), "reports/nothing"),
        (("-m", "daily and"), "daily and"),
    ):
        done = inside.run("checks", *words)
        assert done.ret == 4, (words, done.ret)
        assert said in done.stdout.str() + done.stderr.str()
        assert "Traceback" not in done.stderr.str()
    assert inside.shop.seen == []


def test_an_automated_requirement_without_an_item_is_an_error(inside: Inside) -> None:
    """A row whose check is nowhere in the folder does not vanish from the run."""
    (inside.team.folder / "checks/shop/check_pages.py").unlink()
    found = refused(inside, "-m", "weekly")
    assert len(found) == 3
    assert all(
        "unknown check 'shop/pages'; none is declared; its file would be shop/check_pages.py" in line
        for line in found
    )


def test_an_unreadable_file_is_one_line(inside: Inside) -> None:
    """Whatever keeps a file from being read; a folder in its place stops root, too."""
    path = inside.team.folder / SYSTEMS / "runbook.yaml"
    path.unlink()
    path.mkdir()
    (found,) = refused(inside)
    assert found == f"{SYSTEMS}/runbook.yaml:1:1: the file cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("{env: SHOP_NO_SUCH_KEY}", "environment variable SHOP_NO_SUCH_KEY is not set"),
        ("{file: no-such.key}", "file no-such.key is not there"),
    ],
)
def test_a_missing_secret_is_one_line(inside: Inside, reference: str, why: str) -> None:
    """The reference is named with its place; a replay and plain `validate` need no secret."""
    file = inside.team.environment("production", inside.shop.url)
    file.write_text(
        file.read_text().replace("http: {}", f"http: {{headers: {{127.0.0.1: {{X-Key: {reference}}}}}}}")
    )
    (found,) = refused(inside)
    assert (
        found
        == f"{SYSTEMS}/environments/production.yaml:3:{found.split(':')[2]}: targets.http.headers.127.0.0.1.X-Key: {why}"
    )
    assert inside.opsproof("validate").returncode == 0
    assert inside.opsproof("validate", "--env", "production").stdout.splitlines() == [found]


@pytest.mark.slow
@pytest.mark.parametrize("words", [("-n", "2"), ("-q", "--collect-only"), ("-p", "no:terminal")])
def test_however_it_is_run(team: Team, shop: Shop, words: tuple[str, ...]) -> None:
    """Under xdist, quiet, or without a terminal reporter: the same lines, once, before any worker starts."""
    team.write(f"{SYSTEMS}/runbook.yaml", row("limts: {}"))
    done = team.run("checks", *words)
    assert (done.returncode, shop.seen) == (4, []), done.stdout
    found = problems(done.stderr)
    assert len(found) == 1
    assert "unknown key 'limts'" in found[0]


def test_the_values_of_secrets_are_not_shown(inside: Inside) -> None:
    """A password written into the file by mistake is refused without being repeated."""
    file = inside.team.environment("production", inside.shop.url)
    file.write_text(
        file.read_text().replace("http: {}", "http: {headers: {a.example.com: {X-Key: hunter2-planted}}}")
    )
    (found,) = refused(inside)
    assert "hunter2" not in found
    assert "is not accepted; write {env: NAME} or {file: PATH}" in found


def test_nothing_wrong_is_said_too(inside: Inside) -> None:
    """`validate` on good files: counts, exit 0, and still nothing asked."""
    valid = inside.opsproof("validate")
    assert (valid.returncode, valid.stdout) == (0, "1 system, 4 requirements, 3 automated: nothing wrong\n")
    assert inside.shop.seen == []


def test_validate_without_a_folder(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no systems, it says so."""
    monkeypatch.chdir(inside.team.folder / "checks" / "shop")
    valid = inside.opsproof("validate")
    assert valid.returncode == 4
    assert "no folder of systems here" in valid.stdout
    assert "Traceback" not in valid.stderr
