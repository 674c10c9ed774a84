"""Text of servers and files goes to the terminal through one place, and steers nothing there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import opsproof.cli
from opsproof.cli.identify import _identity
from opsproof.cli.say import say


def test_nothing_that_steers_a_terminal_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31mb\u202ec", err=True)
    assert "a\ufffd[31mb\ufffdc\n" == capsys.readouterr().err


def test_the_command_prints_nowhere_else() -> None:
    """No file of the command but say.py prints."""
    folder = Path(opsproof.cli.__file__).parent
    printing = [
        file.name for file in folder.glob("*.py") if re.search(r"click\.s?echo\(|\bprint\(", file.read_text())
    ]
    assert ["say.py"] == printing


@pytest.mark.parametrize(
    "name", ["plain", 'a"b\\c', "x\n  other: y", "x: y # z", "yes", "1.0", "\u2028evil: 1"]
)
def test_a_servers_name_is_one_value(name: str) -> None:
    """What one is told to paste reads back as this one name, and injects no key."""
    read = yaml.safe_load("\n".join(_identity({"cluster": name})))
    assert {"identity": {"cluster": name.replace("\u2028", "\ufffd")}} == read
