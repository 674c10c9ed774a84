"""`docs/source.md` holds the example's files, all of them, word for word."""

from __future__ import annotations

from tests.docs.pages import ROOT, steps

EXAMPLE = ROOT / "examples" / "opsproof-rabbitmq"


def test_the_page_is_the_example() -> None:
    """What the page tells to write is what the tests of the example run."""
    written = {step.file: step.text for step in steps((ROOT / "docs" / "source.md").read_text())}
    there = {
        path.relative_to(EXAMPLE).as_posix(): path.read_text()
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".py", ".toml", ".yaml"}
    }
    assert len(there) >= 12
    assert written == there
