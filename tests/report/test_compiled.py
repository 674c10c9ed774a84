"""A compiled template is used again as long as it fits, and never when it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from opsproof.report.compiled import Compiled


class Folder:
    """A template, and the module that makes its environment."""

    def __init__(self, path: Path) -> None:
        self.templates = path / "templates"
        self.templates.mkdir()
        self.maker = path / "maker.py"
        self.maker.write_text("escapes = True")
        self.write("one {{ word }}")

    def write(self, text: str) -> None:
        (self.templates / "page.j2").write_text(text)

    @property
    def kept(self) -> list[Path]:
        return list(self.templates.glob("__pycache__/*"))

    def render(self, monkeypatch: pytest.MonkeyPatch, *, compiles: bool) -> str:
        """What a new process makes of it."""
        made = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.templates),
            autoescape=True,
            bytecode_cache=Compiled(self.templates, self.maker),
        )
        calls: list[object] = []
        compile_ = made.compile
        monkeypatch.setattr(made, "compile", lambda *given: (calls.append(given), compile_(*given))[1])
        page = made.get_template("page.j2").render(word="<b>")
        assert compiles == bool(calls)
        return page


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return Folder(tmp_path)


def test_the_second_process_compiles_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes the same page, escapes and all."""
    assert "one &lt;b&gt;" == folder.render(monkeypatch, compiles=True)
    assert "one &lt;b&gt;" == folder.render(monkeypatch, compiles=False)


def test_a_changed_template_is_compiled_anew(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one of the same length and time."""
    folder.render(monkeypatch, compiles=True)
    folder.write("two {{ word }}")

    assert "two &lt;b&gt;" == folder.render(monkeypatch, compiles=True)


def test_what_another_maker_compiled_is_not_used(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have escaped nothing."""
    folder.render(monkeypatch, compiles=True)
    folder.maker.write_text("escapes = more")

    folder.render(monkeypatch, compiles=True)


@pytest.mark.parametrize("keep", [0, 10, 60, 120])
def test_a_torn_file_is_passed_over(folder: Folder, monkeypatch: pytest.MonkeyPatch, keep: int) -> None:
    """The template is there all the same."""
    folder.render(monkeypatch, compiles=True)
    (kept,) = folder.kept
    kept.write_bytes(kept.read_bytes()[:keep])

    assert "one &lt;b&gt;" == folder.render(monkeypatch, compiles=True)


def test_nothing_is_written_where_python_writes_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PYTHONDONTWRITEBYTECODE asks for."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    folder.render(monkeypatch, compiles=True)

    assert [] == folder.kept


def test_a_folder_that_cannot_be_written_costs_no_report(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution is often installed by another user."""
    (folder.templates / "__pycache__").write_text("no folder")

    assert "one &lt;b&gt;" == folder.render(monkeypatch, compiles=True)
