"""A process that cannot run any more is ended at its deadline; one that goes on is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from opsproof.collect import deadline_child
from opsproof.collect.deadline_child import stuck

PLUGINS = Path(deadline_child.__file__).parents[2]
STUCK = """
import re, sys
from opsproof.collect.deadline import Deadline
guard = Deadline(0.2, 0.2, [sys.executable, "-c", "open('after', 'w').write('made')"])
re.match("(a*)*b", "a" * 64)
"""
WELL = """
import sys
from opsproof.collect.deadline import Deadline
guard = Deadline(60, 60, [sys.executable, "-c", "open('after', 'w').write('made')"])
guard.decided()
guard.close()
"""


def run(script: str, folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env={"PYTHONPATH": str(PLUGINS)}, timeout=300, check=False
    ).returncode


def test_an_expression_that_holds_the_interpreter_for_ever_ends_with_the_deadline(tmp_path: Path) -> None:
    """No thread of the process could do it; what comes after is done by the process beside it."""
    assert run(STUCK, tmp_path) == -9
    child_ends_after_us = tmp_path / "after"
    for _ in range(2400):
        if child_ends_after_us.exists() and child_ends_after_us.read_text():
            break
        deadline_child.time.sleep(0.05)
    assert child_ends_after_us.read_text() == "made"


def test_a_process_that_ends_by_itself_leaves_nothing_behind(tmp_path: Path) -> None:
    assert run(WELL, tmp_path) == 0
    assert not (tmp_path / "after").exists()


def heard(monkeypatch: pytest.MonkeyPatch, *words: tuple[float, bytes]) -> tuple[bool, float]:
    """Whether a process that says these words at these seconds is stuck, with 10 s to go, and when that is known."""
    now, waiting = [0.0], list(words)

    def select(*given: object) -> tuple[list[int], list[int], list[int]]:
        wait = float(given[3])  # type: ignore[arg-type]
        if waiting and waiting[0][0] <= now[0] + wait:
            now[0] = max(now[0], waiting[0][0])
            return [0], [], []
        now[0] += wait
        return [], [], []

    monkeypatch.setattr(deadline_child, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(deadline_child, "select", SimpleNamespace(select=select))
    monkeypatch.setattr(deadline_child, "os", SimpleNamespace(read=lambda *_: waiting.pop(0)[1]))
    return stuck(10.0, 1.0, 30.0), round(now[0], 1)


def beats(begin: float, end: float) -> list[tuple[float, bytes]]:
    return [(begin + number * 0.1, b"b") for number in range(round((end - begin) * 10))]


def test_silence_at_the_deadline_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch) == (True, 10.0)


def test_who_stops_to_beat_after_the_deadline_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch, *beats(9, 12)) == (True, 12.9)


def test_who_beats_and_decides_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    deciding = [(float(at), b"d") for at in range(9, 300)]
    said = sorted([*beats(9, 300), *deciding])
    assert heard(monkeypatch, *said, (300.0, b"e")) == (False, 300.0)


def test_who_beats_and_decides_nothing_more_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch, *beats(9, 300)) == (True, 40.0)


def test_a_process_that_is_gone_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch, (5.0, b"")) == (False, 5.0)
