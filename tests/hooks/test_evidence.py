"""What a run leaves: whole or not there, hash-chained, without secrets, rebuilt after any kill."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import signal
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import msgspec
import pytest

from opsproof.cli.runs import rebuilt
from opsproof.evidence import journal
from opsproof.evidence.manifest import Manifest
from opsproof.evidence.passing import NAME, Passing
from opsproof.model.finding import ItemResult
from tests.hooks.inside import Inside
from tests.hooks.team import ROOT, Shop, Team

FILES = {
    "plan.json", "selection.json", "journal.jsonl", "requests.jsonl", "result.json", "junit.xml", "report.html",
    "manifest.json", "facts", "passing.jsonl.gz",
}  # fmt: skip


def test_a_run_leaves_everything_for_its_owner_only(inside: Inside) -> None:
    """The folder is 0700 and holds exactly the named files; `latest` points at it."""
    inside.run("checks")

    folder = inside.team.latest.folder
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert FILES == {path.name for path in folder.iterdir()}
    assert folder.name == str((inside.team.folder / "reports" / "latest").readlink())


def test_who_passed_is_in_the_manifest_and_can_be_read(inside: Inside) -> None:
    """By item, so that a later run can tell what was mended from what is gone."""
    inside.run("checks")

    run = inside.team.latest
    passed = {item.requirement: list(Passing(run.folder).of(item)) for item in run.results() if item.passed}
    assert passed
    assert {name: {"endpoint"} for name in passed} == {
        name: {subject.kind for subject in subjects} for name, subjects in passed.items()
    }
    assert NAME in run.read("manifest.json", Manifest).files


def test_verify_believes_an_untouched_run(inside: Inside) -> None:
    """Journal chain, digests and completeness."""
    inside.run("checks")

    done = inside.opsproof("verify", "reports/latest")

    assert 0 == done.returncode, done.stderr
    assert "intact, complete" in done.stdout


def test_the_digest_that_a_run_tells_is_what_it_is_known_by(inside: Inside) -> None:
    """On the terminal, and in pytest's own JUnit; `verify --expect` takes no other, and --chain walks."""
    told = inside.run("checks", "--junitxml", "own.xml").stdout.str()
    digest = hashlib.sha256((inside.team.latest.folder / "manifest.json").read_bytes()).hexdigest()

    assert f"manifest sha256:{digest}\n" in told
    assert f'name="opsproof.manifest" value="sha256:{digest}"' in (inside.team.folder / "own.xml").read_text()
    done = inside.opsproof("verify", "reports/latest", "--chain", "--expect", f"sha256:{digest}")
    assert 0 == done.returncode, done.stdout
    assert f"chain: {inside.team.latest.id}: in place" in done.stdout
    assert 1 == inside.opsproof("verify", "reports/latest", "--expect", "0" * 64).returncode


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json", "facts"}))
def test_an_edited_file_is_called_altered(inside: Inside, name: str) -> None:
    """One changed byte in any file is named."""
    inside.run("checks")
    path = inside.team.latest.folder / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b"SH-001", b"SH-001x", 1) if b"SH-001" in content else content + b" ")

    done = inside.opsproof("verify", "reports/latest")

    assert done.returncode != 0
    assert "altered" in done.stdout + done.stderr or name in done.stderr


def test_an_edited_journal_line_is_named(inside: Inside) -> None:
    """A FAIL turned into a PASS by hand does not survive the chain, even without the manifest."""
    inside.run("checks")
    (inside.team.latest.folder / "manifest.json").unlink()
    path = inside.team.latest.folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"type":"result"' in line)
    lines[at] = lines[at].replace(b'"outcome":"pass"', b'"outcome":"fail"')
    path.write_bytes(b"".join(lines))

    done = inside.opsproof("verify", "reports/latest")

    assert 1 == done.returncode
    assert f"journal.jsonl:{at + 1} is altered" in done.stdout


def test_runs_are_chained(inside: Inside) -> None:
    """The manifest names the previous run of the same environments and its manifest's digest."""
    inside.run("checks")
    first = inside.team.latest
    inside.run("checks")

    manifest = json.loads((inside.team.latest.folder / "manifest.json").read_text())

    assert first.id == manifest["previous"]
    assert (
        hashlib.sha256((first.folder / "manifest.json").read_bytes()).hexdigest()
        == manifest["previous_digest"]
    )


@pytest.mark.slow
def test_two_runs_at_once_do_not_disturb_each_other(team: Team, shop: Shop) -> None:
    """Both leave a whole, intact run."""
    runs = [
        subprocess.Popen(team.command("checks", "-p", "no:cacheprovider"), cwd=team.folder, env=team.shell(None),
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]  # fmt: skip
    assert [0, 0] == [run.wait(300) for run in runs]

    folders = [
        path
        for path in (team.folder / "reports").iterdir()
        if (path / "journal.jsonl").exists() and not path.is_symlink()
    ]

    assert 2 == len(folders)
    for folder in folders:
        assert 0 == team.opsproof("verify", str(folder)).returncode


@pytest.mark.slow
def test_a_killed_run_loses_no_finished_result(team: Team) -> None:
    """SIGKILL at 50 random points: every result in the journal is in the rebuilt report, marked incomplete."""
    rows = "".join(
        f"  SH-{n}:\n    says: Page {n}\n    checks: [shop/pages]\n    cadence: [daily]\n    level: low\n"
        f'    scope: {{urls: ["${{base}}/{n}"]}}\n'
        for n in range(100, 160)
    )
    path = team.folder / "checks/systems/shop/runbook.yaml"
    path.write_text(path.read_text() + rows)
    chance = random.Random(7)
    with ThreadPoolExecutor(2) as pool:
        points = [chance.randrange(70) for _ in range(50)]
        results = list(pool.map(lambda n: _killed(team, f"run-{n[0]}", n[1]), enumerate(points)))
    assert 50 == len(results)
    assert sum(results) > 500


def _killed(team: Team, reports: str, lines: int) -> int:
    """Kill a run as soon as its journal has that many lines; how many results the rebuilt report has."""
    run = subprocess.Popen(
        team.command("checks", "-q", "-p", "no:cacheprovider", "--reports", reports, strict=False),
        cwd=team.folder, env=team.shell(None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    folder = None
    while run.poll() is None:
        folder = folder or next((one.parent for one in (team.folder / reports).glob("*/plan.json")), None)
        if folder is not None and (folder / "journal.jsonl").read_bytes().count(b"\n") >= lines:
            break
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert folder is not None
    return _rebuilt(folder)


def _rebuilt(folder: Path) -> int:
    reading = journal.read(folder / "journal.jsonl")
    assert not reading.altered
    written = {msgspec.json.decode(data, type=ItemResult).nodeid for data in reading.of("result")}
    result = rebuilt(folder)
    assert written == {item.nodeid for one in result.requirements for item in one.items}
    assert "intact" == result.integrity
    if not any(True for _ in reading.of("end")):
        assert result.finished is None
        assert not result.complete
        assert (folder / "report.html").exists()
    return len(written)


def test_report_rebuilds_a_killed_run(inside: Inside) -> None:
    """`opsproof report RUN` gives the same result from the journal alone, marked incomplete."""
    inside.run("checks")
    folder = inside.team.latest.folder
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for name in ("result.json", "junit.xml", "report.html", "manifest.json"):
        (folder / name).unlink()
    ends = next(n for n, line in enumerate(lines) if b'"type":"target"' in line)
    (folder / "journal.jsonl").write_bytes(b"".join(lines[: ends - 1]) + lines[ends - 1][:40])

    done = inside.opsproof("report", str(folder))

    assert 1 == done.returncode
    assert "incomplete" in done.stdout
    assert (folder / "report.html").exists()
    assert "Incomplete" in (folder / "report.html").read_text()


def test_no_secret_in_anything_a_run_leaves_or_prints(team: Team, shop: Shop) -> None:
    """A planted credential, wherever it could leak from, is in no output."""
    secret = "s3cr3t-Zx9Qw8-planted"
    team.write(
        "checks/systems/shop/environments/production.yaml",
        f"""
        environment: production
        targets:
          http:
            headers: {{"{shop.url}": {{X-Api-Key: {{env: SHOP_KEY}}}}}}
        names:
          base: {shop.url}
        """,
    )
    team.write(
        "checks/shop/check_leaky.py",
        '''
        from typing import Annotated, Any
        from opsproof import LOW, Count, Duration, Limits, Scoped, check
        from opsproof.sources.http.facts import Endpoints

        class L(Limits):
            urls: Scoped[tuple[str, ...]]
            probes: Count = Count(1)
            spacing: Duration = Duration(0)

        @check("shop/leaky", title="Leaks", level=LOW)
        def check_leaky(pages: Annotated[Any, Endpoints()], limits: L, examine: Any) -> None:
            """Leaks."""
            import os
            with examine("assertion"):
                assert False, f"token={os.environ['SHOP_KEY']}"
            with examine("crash"):
                raise ValueError(os.environ["SHOP_KEY"])
            examine.note("Authorization: Bearer " + os.environ["SHOP_KEY"])
            examine.exclude("x" + os.environ["SHOP_KEY"], "why")
        ''',
    )
    path = team.folder / "checks/systems/shop/runbook.yaml"
    path.write_text(
        path.read_text()
        + "  SH-005:\n    says: Leaks\n    checks: [shop/leaky]\n    cadence: [daily]\n    level: low\n"
        + '    scope: {urls: ["${base}/x"]}\n'
    )

    done = team.run("checks", "-m", "daily", "--junitxml=out.xml", "--html=out.html", "--self-contained-html", "-vv",
                    env={"SHOP_KEY": secret})  # fmt: skip

    assert "fail" == team.outcomes()["SH-005"], done.stdout
    assert secret not in done.stdout + done.stderr
    for file in [*team.latest.folder.rglob("*"), team.folder / "out.xml", team.folder / "out.html"]:
        if file.is_file():
            content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            assert secret.encode() not in content, file


def test_the_result_fits_its_schema(inside: Inside) -> None:
    """The JSON Schema shipped in the package describes every result.json."""
    inside.shop.statuses["/cart"] = 404
    inside.run("checks")
    schema = json.loads((ROOT / "plugins/opsproof/report/result.schema.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((inside.team.latest.folder / "result.json").read_text()), schema)
