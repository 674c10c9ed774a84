"""`docs/check.md`, followed word for word with the real wheel and a real web server."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Step, steps
from tests.wheel.built import Folder

PORT = "8765"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "empty")
    made.path.mkdir()
    yield made
    background = made.path / "background.pid"
    if background.exists():
        os.kill(int(background.read_text()), signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_page_does_what_it_says(folder: Folder) -> None:
    """Each file written, each command typed, and its output holds the lines shown, in their order."""
    port = free_port()
    page = (ROOT / "docs" / "check.md").read_text().replace(PORT, str(port))
    done = 0
    for step in steps(page):
        if step.file:
            folder.write(step.file, step.text)
        else:
            follow(step, folder, port)
            done += 1
    assert done >= 8


def follow(step: Step, folder: Folder, port: int) -> None:
    background = step.text.rstrip().endswith("&")
    ran = folder.run(step.text + ("\necho $! > background.pid" if background else ""))
    output = ran.stdout + ran.stderr
    closed = any("GATE CLOSED" in line for line in step.prints)
    assert ran.returncode == (1 if closed else 0), f"{step.text}\n{output}"
    if "pip install" in step.text:
        folder.borrow_libraries()
    if background:
        answers(port)
    at = 0
    for line in step.prints:
        at = output.find(line, at)
        assert at >= 0, f"{step.text} does not print {line!r}, but:\n{output}"


def answers(port: int) -> None:
    for _ in range(2400):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the page's web server does not answer")
