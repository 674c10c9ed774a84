"""Whether a folder is what a run left: all of it, nothing else, nothing through a link."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opsproof.evidence import manifest, plain
from opsproof.evidence.run import Run
from opsproof.evidence.store import Store
from opsproof.evidence.verify import Verdict, verify, walk
from opsproof.model.ask import Identify
from tests.evidence.runs import ENVIRONMENTS, NOW, begun, ended, forged


def said(run: Run) -> str:
    return str(verify(run.folder))


def test_a_run_as_it_was_left_is_intact_and_complete(tmp_path: Path) -> None:
    assert Verdict() == verify(ended(tmp_path).folder)


def test_without_its_manifest_a_run_is_incomplete(tmp_path: Path) -> None:
    """Whatever was forged beside it: nothing covers it any more."""
    run = ended(tmp_path)
    (run.folder / manifest.NAME).unlink()
    run.write("report.html", "all is well")
    assert not verify(run.folder).sound
    assert "incomplete: it has no manifest.json" in said(run)


def test_a_run_that_ended_without_a_seal_is_incomplete(tmp_path: Path) -> None:
    """Killed between the end and the manifest, or no room for it."""
    run = begun(tmp_path)
    run.journal.append("end", {"finished": NOW})
    assert "incomplete" in said(run)


def test_a_sealed_run_without_an_end_is_incomplete(tmp_path: Path) -> None:
    run = begun(tmp_path)
    run.finish(tmp_path, ENVIRONMENTS)
    assert "the run did not end by itself" in said(run)


def test_a_manifest_that_does_not_cover_the_journal_is_not_believed(tmp_path: Path) -> None:
    run = ended(tmp_path)
    own = manifest.read(run.folder)
    files = {name: digest for name, digest in own.files.items() if name != "result.json"}
    (run.folder / "result.json").unlink()
    run.write(manifest.NAME, manifest.msgspec.structs.replace(own, files=files))
    assert "does not cover result.json" in said(run)


def _more(folder: Path) -> None:
    (folder / "facts" / "ff.json.gz").write_bytes(b"more")


def _linked(folder: Path) -> None:
    (folder / "facts" / "1f.json.gz").unlink()
    (folder / "facts" / "1f.json.gz").symlink_to("/etc/hostname")


def _piped(folder: Path) -> None:
    (folder / "report.html").unlink()
    os.mkfifo(folder / "report.html")


def _folder_linked(folder: Path) -> None:
    (folder / "facts").rename(folder.parent / "elsewhere")
    (folder / "facts").symlink_to(folder.parent / "elsewhere")


def _journal_linked(folder: Path) -> None:
    (folder / "journal.jsonl").rename(folder.parent / "journal.jsonl")
    (folder / "journal.jsonl").symlink_to(folder.parent / "journal.jsonl")


def _one_missing(folder: Path) -> None:
    (folder / "facts" / "1f.json.gz").unlink()


def _one_changed(folder: Path) -> None:
    (folder / "report.html").write_text("all is well")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_more, "facts/ff.json.gz is not in manifest.json"),
        (_linked, "facts/1f.json.gz is a link"),
        (_piped, "report.html is a link or no file at all"),
        (_folder_linked, "facts is a link"),
        (_journal_linked, "journal.jsonl is no plain file"),
        (_one_missing, "facts/1f.json.gz is missing"),
        (_one_changed, "report.html is altered"),
    ],
)
def test_what_the_run_did_not_leave_is_an_alteration(
    tmp_path: Path, change: Callable[[Path], None], named: str
) -> None:
    """A file that is not listed, a link, a pipe: named, and never followed or waited for."""
    run = ended(tmp_path)
    change(run.folder)
    assert named in verify(run.folder).altered


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/hostname", "facts/../../x", "facts//1f", "", "./plan.json"]
)
def test_a_manifest_names_only_what_lies_below(tmp_path: Path, name: str) -> None:
    run = ended(tmp_path)
    own = manifest.read(run.folder)
    run.write(manifest.NAME, manifest.msgspec.structs.replace(own, files={**own.files, name: "0" * 64}))
    assert "which is no file of the run" in verify(run.folder).altered


def test_another_runs_manifest_is_not_ones_own(tmp_path: Path) -> None:
    run = ended(tmp_path)
    forged(run, run="20260101T000000Z-abcdef")
    assert "is that of '20260101T000000Z-abcdef'" in verify(run.folder).altered


def test_facts_are_never_read_through_a_link_or_without_end(tmp_path: Path) -> None:
    """A link, a pipe and a gzip bomb answer nothing, and nobody waits for them."""
    ask = Identify(target="x")
    store = Store(tmp_path)
    path = store.path(ask.digest)
    path.symlink_to("/etc/hostname")
    assert "no plain file" in str(store.answer(ask, NOW).failure)
    path.unlink()
    os.mkfifo(path)
    assert "no plain file" in str(store.answer(ask, NOW).failure)
    path.unlink()
    path.write_bytes(gzip.compress(b"x" * 3000))
    with pytest.raises(plain.NotPlain, match="unpacks to more than 1000 bytes"):
        plain.unpacked(path, 1000)
    path.write_bytes(gzip.compress(b"{}")[:-1])
    assert "no whole gzip file" in str(store.answer(ask, NOW).failure)


def test_the_chain_is_walked_back_to_its_first_run(tmp_path: Path) -> None:
    runs = [ended(tmp_path) for _ in range(3)]
    assert [(run.id, "") for run in reversed(runs)] == [
        (link.run, link.broken) for link in walk(runs[-1].folder)
    ]


def _deleted(first: Run, second: Run) -> None:
    for name in list(plain.names(first.folder)):
        (first.folder / name).unlink()
    (first.folder / "facts").rmdir()
    first.folder.rmdir()


def _rewritten(first: Run, second: Run) -> None:
    (first.folder / "report.html").write_text("all is well")
    forged(first)


def _touched(first: Run, second: Run) -> None:
    (first.folder / "report.html").write_text("all is well")


def _cut_off(first: Run, second: Run) -> None:
    forged(second, previous="", previous_digest="")


def _sent_elsewhere(first: Run, second: Run) -> None:
    forged(second, previous="../../etc")


@pytest.mark.parametrize(
    ("change", "at", "named"),
    [
        (_deleted, 1, "is not there"),
        (_rewritten, 1, "is not the one that it followed"),
        (_touched, 1, "report.html is altered"),
        (_cut_off, 2, "another manifest"),
        (_sent_elsewhere, 2, "another manifest"),
    ],
)
def test_the_first_break_of_a_chain_is_named(
    tmp_path: Path, change: Callable[[Run, Run], None], at: int, named: str
) -> None:
    """A run before that was deleted, altered or swapped."""
    first, second, third = (ended(tmp_path) for _ in range(3))
    change(first, second)
    broken = [link for link in walk(third.folder) if link.broken]
    assert 1 == len(broken)
    assert named in broken[0].broken


def test_a_fork_is_found(tmp_path: Path) -> None:
    """Two runs that follow the same one: one of them was put there."""
    first, second = ended(tmp_path), ended(tmp_path)
    (tmp_path / ".heads" / manifest.chain_of(ENVIRONMENTS)).write_text(first.id)
    third = ended(tmp_path)
    (link,) = walk(third.folder)
    assert "the chain forks" in link.broken
    assert second.id in link.broken


def test_runs_that_end_at_once_follow_one_another(tmp_path: Path) -> None:
    """Twelve that are sealed together: one chain."""
    runs = [begun(tmp_path) for _ in range(12)]
    for run in runs:
        run.journal.append("end", {"finished": NOW})
    together = threading.Barrier(12)

    def seal(run: Run) -> None:
        together.wait()
        run.finish(tmp_path, ENVIRONMENTS)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(seal, runs))
    last = Run(tmp_path / (tmp_path / ".heads" / manifest.chain_of(ENVIRONMENTS)).read_text())
    assert [("", 12)] == [(link.broken, number) for number, link in enumerate(walk(last.folder), 1)][-1:]


@pytest.mark.parametrize("text", ["../../../etc", "", "20260101T000000Z-abcdef\n", "x" * 10_000])
def test_a_head_that_names_no_run_is_not_followed(tmp_path: Path, text: str) -> None:
    ended(tmp_path)
    (tmp_path / ".heads" / manifest.chain_of(ENVIRONMENTS)).write_text(text)
    assert "" == manifest.read(ended(tmp_path).folder).previous


def test_a_head_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    first = ended(tmp_path)
    head = tmp_path / ".heads" / manifest.chain_of(ENVIRONMENTS)
    (tmp_path / "elsewhere").write_text(first.id)
    head.unlink()
    head.symlink_to(tmp_path / "elsewhere")
    assert "" == manifest.read(ended(tmp_path).folder).previous
    assert first.id == (tmp_path / "elsewhere").read_text()
