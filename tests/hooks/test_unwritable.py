"""Files that cannot be written: one line with the path and the system's reason, never a traceback or a green run."""

from __future__ import annotations

import resource
import subprocess
import time
from pathlib import Path

import pytest

from opsproof.collect.collection import Collection
from opsproof.collect.redaction import Redactor
from opsproof.evidence.files import Unwritable, write_atomically
from opsproof.evidence.run import Run, utc_now
from opsproof.judge.rebuild import result_of
from opsproof.model.target import Budget
from opsproof.sources.http.facts import EndpointOf
from opsproof.testing.links import target_of
from tests.hooks.inside import Inside
from tests.hooks.team import Shop, Team

TOO_LARGE = "File too large"


def limited(team: Team, size: int, *words: str) -> subprocess.CompletedProcess[str]:
    """A run whose system refuses every byte of a file beyond `size`: as a full disk does, for all users."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        team.command("checks", "-p", "no:cacheprovider", *words),
        cwd=team.folder,
        env={**team.shell(), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=limit,
    )


def quiet(done: subprocess.CompletedProcess[str] | pytest.RunResult) -> str:
    """What it printed: no traceback, no internal error."""
    said = f"{done.stdout}{done.stderr}"
    assert "Traceback" not in said and "INTERNALERROR" not in said, said
    return said


@pytest.fixture
def talkative(team: Team, shop: Shop) -> Team:
    """SH-002 fails for pages with long names, which is most of what the journal has to hold."""
    urls = [f"/cart/{number}/{'x' * 500}" for number in range(10)]
    shop.statuses |= dict.fromkeys(urls, 500)
    runbook = team.folder / "checks/systems/shop/runbook.yaml"
    listed = ", ".join(f'"${{base}}{url}"' for url in urls)
    runbook.write_text(runbook.read_text().replace('"${base}/cart", "${base}/front"', listed))
    return team


def test_a_reports_folder_that_cannot_be_made_is_told(inside: Inside) -> None:
    """Before anything is asked: one line, exit 4."""
    inside.team.write("reports", "a file in the way")

    done = inside.run("checks")

    assert 4 == done.ret
    assert f"cannot write {inside.team.folder / 'reports'}/" in quiet(done)
    assert "Not a directory" in done.stderr.str()
    assert [] == inside.shop.seen


def test_no_room_for_the_plan_is_told(team: Team, shop: Shop) -> None:
    """The first files of the run do not fit: nothing is asked, and no beginning of a run is left."""
    done = limited(team, 100)

    assert 4 == done.returncode
    assert f"journal.jsonl: {TOO_LARGE}" in quiet(done)
    assert [] == shop.seen
    assert not (team.folder / "reports").exists()


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_no_room_for_a_result_ends_the_run(talkative: Team, more: tuple[str, ...]) -> None:
    """Exit 2, the path and the reason in the summary; what was decided before stays decided."""
    talkative.run("checks", "--reports", "whole")
    whole = talkative.folder / "whole" / "latest"
    fits = max((whole / name).stat().st_size for name in ("plan.json", "requests.jsonl", "selection.json"))
    assert fits + 3000 < (whole / "journal.jsonl").stat().st_size

    done = limited(talkative, fits + 1000, *more)

    said = " ".join(quiet(done).split())
    assert 2 == done.returncode, said
    assert f"journal.jsonl: {TOO_LARGE}. The run is not whole: its exit status is 2" in said
    assert "keyboard" not in said
    (folder,) = (talkative.folder / "reports").glob("2*")
    outcomes = {one.requirement.id: one.outcome.value for one in result_of(Run(folder)).requirements}
    assert "unknown" == outcomes["SH-002"]
    assert [] == list(folder.rglob(".*.????????"))


def test_no_room_for_the_report_is_no_open_gate(team: Team) -> None:
    """All is decided and kept, but the report does not fit: the status is not 0, and no report is named."""
    done = limited(team, 12_000)

    assert 2 == done.returncode
    assert f"report.html: {TOO_LARGE}. The run is not whole" in " ".join(quiet(done).split())
    assert "report: " not in done.stdout
    assert not (team.folder / "reports" / "latest").exists()


def test_no_more_is_asked_when_answers_cannot_be_kept(shop: Shop, tmp_path: Path) -> None:
    """Of two hundred asks no more reach the server than were under way when the first answer was lost."""
    facts = tmp_path / "facts"
    facts.mkdir()
    target = target_of("http", budget=Budget(in_flight=1))
    collection = Collection(
        folder=tmp_path,
        now=utc_now(),
        deadline=time.monotonic() + 300,
        targets={target.id: target},
        redactor=Redactor(),
    )
    asks = [EndpointOf(target=target.id, url=f"{shop.url}/{number}", probes=1) for number in range(200)]
    collection.identify(target.id)
    facts.rename(tmp_path / "elsewhere")
    facts.write_text("no folder")

    with pytest.raises(Unwritable, match=r"facts/\w+\.json\.gz: Not a directory"):
        collection.gather(asks)
    collection.close()

    assert 0 < len(shop.seen) < 100


def test_a_file_that_does_not_fit_leaves_no_half(tmp_path: Path) -> None:
    """The old content stays; the error names the file, not its temporary name."""
    (tmp_path / "kept").mkdir()

    with pytest.raises(Unwritable, match=r"cannot write \S+/kept: Is a directory"):
        write_atomically(tmp_path / "kept", [b"new"])

    assert ["kept"] == [path.name for path in tmp_path.iterdir()]
