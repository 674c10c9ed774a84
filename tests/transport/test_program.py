"""A program of this machine, run within its bounds."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotFound, TimedOut, TooBig
from opsproof.transport.program import Ended, run

ENV = {"PATH": os.environ["PATH"]}


def ran(*words: str, seconds: float = 20.0, **more: Any) -> Ended:
    return run(words, env=ENV, seconds=seconds, take=more.pop("take", lambda count: None), **more)


def shell(script: str, **more: Any) -> Ended:
    return ran("/bin/sh", "-c", script, **more)


def gone(pid: int) -> bool:
    """Whether a process has ended; waits for it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_status_and_output_are_told() -> None:
    found = shell("echo out; echo err >&2; exit 7")
    assert (7, b"out\n", 4) == (found.status, found.out, found.size)


def test_its_errors_belong_to_what_it_wrote_where_that_is_wanted() -> None:
    assert b"out\nerr\n" == shell("echo out; echo err >&2", errors=True).out


def test_it_sees_the_given_environment_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "secret")
    assert ["PATH"] == [line.split(b"=")[0].decode() for line in ran("/usr/bin/env").out.splitlines()]


def test_its_arguments_are_handed_over_as_they_are() -> None:
    """Nothing expands, splits or runs them."""
    hostile = "$(touch x); `id` * \n'\""
    assert (
        hostile.encode()
        == ran(sys.executable, "-c", "import sys; sys.stdout.write(sys.argv[1])", hostile).out
    )


def test_at_its_deadline_its_whole_group_is_killed(tmp_path: Path) -> None:
    """A child in the background, too."""
    file = tmp_path / "child"
    for seconds in (0.3, 3.0, 30.0):  # on a busy machine the child may not have begun in so short a time
        with pytest.raises(TimedOut, match="killed"):
            shell(f"sleep 300 & echo $! > {file}; sleep 300", seconds=seconds)
        if file.exists() and file.read_text():
            break
    assert gone(int(file.read_text()))


def test_a_child_that_outlives_it_does_not_hold_its_end_up() -> None:
    """The child holds the pipe open; the program has ended."""
    found = shell("sleep 300 & echo $!", seconds=60)
    assert 0 == found.status
    assert gone(int(found.out))


def test_only_the_last_bytes_are_kept_and_all_are_counted() -> None:
    found = shell("head -c 300000 /dev/zero; echo end", keep=4)
    assert (b"end\n", 300004) == (found.out, found.size)


def test_too_much_ends_it() -> None:
    def take(count: int) -> None:
        raise TooBig("more than it may")

    with pytest.raises(TooBig):
        shell("yes", take=take)


def test_a_signal_is_a_negative_status() -> None:
    assert -9 == shell("kill -9 $$").status


@pytest.mark.parametrize(
    ("name", "text", "mode", "kind"),
    [
        ("absent", None, 0, NotFound),
        ("no_interpreter", "#!/no/such/interpreter\n", 0o755, NotFound),
        ("not_executable", "#!/bin/sh\n", 0o644, Forbidden),
        ("no_program", "\x00\x01 nothing", 0o755, BadAnswer),
    ],
)
def test_what_cannot_be_started_says_why(
    tmp_path: Path, name: str, text: str | None, mode: int, kind: type[CollectionError]
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
        file.chmod(mode)
    with pytest.raises(kind):
        ran(str(file))
