"""Ten thousand failing subjects: what they cost beside passing ones, and how soon their page is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from opsproof.model.result import Result
from opsproof.report.html import render
from tests.benchmarks import contenders, recorded
from tests.benchmarks.measure import Sample, cpu, in_turn, run
from tests.benchmarks.part import Goal, Part, ratio, rows
from tests.report.results import NOW, finding, item, result

SUBJECTS = 10_000
_PASSING, _FAILING = "all ready", "none ready"
_TEXT = f"""\
`pytest checks -m daily --replay` of one row, `health/pods-ready`, over {SUBJECTS:,} pods: all of them ready, and none
of them, in 500 Deployments and since 20 moments. Whole processes; a live run collects besides,
which takes the same time for both."""
_CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--window-size=1280,900",
)  # fmt: skip
_OBSERVER = (
    "<head><script>new PerformanceObserver(list=>list.getEntries().forEach(one=>"
    "console.log(one.name+'='+one.startTime))).observe({type:'paint',buffered:true})</script>"
)


def measure(folder: Path, rounds: int) -> Part:
    """CPU of a run whose subjects all fail, against one whose subjects all pass."""
    recorded.write(folder, SUBJECTS)
    passing = recorded.record(folder, SUBJECTS, ready=True)
    failing = recorded.record(folder, SUBJECTS, ready=False)
    found = in_turn(
        {_PASSING: lambda: _replayed(folder, passing), _FAILING: lambda: _replayed(folder, failing)},
        rounds,
        compiles=True,
    )
    goal = Goal(
        f"{SUBJECTS:,} failing subjects against as many passing ones, CPU",
        ratio(found[_FAILING], found[_PASSING], cpu),
        1.5,
    )
    return Part("Subjects that fail", (goal,), f"{_TEXT}\n\n{rows(found, _PASSING)}")


def _replayed(folder: Path, run_folder: Path) -> Sample:
    command = [
        *contenders.daily("-v"),
        "--replay",
        str(run_folder),
    ]  # takes -q back, which is a line for each
    return run(command, folder, env=contenders.shell(folder), good=contenders.DECIDED)


def page(folder: Path, rounds: int) -> Part:
    """`report.html` in Chromium: its size, and milliseconds from navigation to the first paint."""
    goals, lines = [], ["| page | MB | first paint in ms |", "|---|---:|---:|"]
    folder.mkdir()
    for name, found in worlds():
        text = render(found)
        size = len(text.encode()) / 1e6
        painted = [first_paint(folder, text) for _ in range(rounds)]
        lines.append(
            f"| {name} | {size:.1f} | {median(painted):.0f} ({min(painted):.0f}-{max(painted):.0f}) |"
        )
        goals += [
            Goal(f"report.html, {name}: first paint", median(painted), 1000, unit=" ms"),
            Goal(f"report.html, {name}: size", size, 8, unit=" MB"),
        ]
    return Part("The page", tuple(goals), "\n".join(lines))


def worlds() -> Iterator[tuple[str, Result]]:
    """Failing subjects with words of their own or the same ones; a thousand requirements."""
    since = [NOW - timedelta(minutes=number) for number in range(SUBJECTS)]
    own = [
        finding(f"shop/api-{n}", message=f"not ready for {n} minutes", since=since[n])
        for n in range(SUBJECTS)
    ]
    yield f"{SUBJECTS:,} subjects, each with a message of its own", result([item(1, own)])
    same = [finding(f"shop/api-{n}", since=since[n]) for n in range(SUBJECTS)]
    yield f"{SUBJECTS:,} subjects with one message", result([item(1, same)])
    some = [item(n, [finding(f"shop/a-{n}")] if n % 3 == 0 else (), passed=n % 3) for n in range(1000, 2000)]
    yield "1,000 requirements", result(some)
    tens = [
        item(n, [finding(f"shop/a-{n}-{m}", message=f"{m} restarts") for m in range(SUBJECTS // 100)])
        for n in range(100)
    ]
    yield f"{SUBJECTS:,} subjects of 100 requirements", result(tens)


def first_paint(folder: Path, page: str) -> float:
    """Milliseconds from navigation to the first paint, in a browser with a profile of its own."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the testbed installs it"
    with tempfile.TemporaryDirectory(dir=folder) as name:
        file = Path(name) / "page.html"
        file.write_text(page.replace("<head>", _OBSERVER, 1))
        shown = f"--screenshot={name}/page.png"
        command = [chromium, *_CHROMIUM, f"--user-data-dir={name}/profile", shown, file.as_uri()]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stderr
    (found,) = re.findall(r"first-paint=([\d.]+)", said)
    return float(found)
