"""The documentation, taken apart: files to write, commands to type, and what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_WRITE = re.compile(r"[Ww]rite `([^`\n]+)`")


@dataclass(frozen=True)
class Step:
    """`file`: write `text` there. Else `text` is a command, and `prints` what has to be in its output."""

    text: str
    file: str = ""
    prints: tuple[str, ...] = ()


def steps(page: str) -> Iterator[Step]:
    """What a reader does who follows a page word for word."""
    fences = list(_FENCE.finditer(page))
    end = 0
    for number, fence in enumerate(fences):
        before, end = page[end : fence.start()], fence.end()
        language, text = fence.groups()
        after = fences[number + 1] if number + 1 < len(fences) else None
        if language == "sh":
            shown = after is not None and after[1] == "text" and not page[end : after.start()].strip()
            prints = after[2].splitlines() if after is not None and shown else []
            yield Step(text, prints=tuple(line.strip() for line in prints if line.strip()))
        elif language != "text":
            names = _WRITE.findall(before)
            assert names, f"a block without the name of its file: {text[:60]!r}"
            yield Step(text, file=names[-1])


def documents() -> list[Path]:
    """Every page for people in the repository."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "reports/README.md",
                   ROOT / "tests/testbed/README.md"])  # fmt: skip


def prose(page: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page)
