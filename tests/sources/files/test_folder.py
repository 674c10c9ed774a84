"""A folder of this machine: the program as a host runs it, joined to one text."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsproof.environment.kinds import settings_of
from opsproof.model.dated import dated
from opsproof.model.failure import Forbidden, NotConfigured, NotFound
from opsproof.model.rights import Account
from opsproof.model.stored import Content, Shelf
from opsproof.model.target import Target
from opsproof.sources.files.collector import FilesCollector
from opsproof.sources.files.facts import ListedOf, ReadOf, program
from opsproof.sources.files.remote import folder as remote
from opsproof.sources.files.rights import RIGHTS
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import stored

AT = datetime(2026, 1, 31, 3, 0, tzinfo=timezone.utc)
PATTERN = "db-%Y%m%d.sql.gz"


def put(folder: Path, name: str, content: bytes = b"x", at: datetime = AT) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))


def target(folder: Path) -> Target:
    return target_of("files", local=True, folder=str(folder))


def listed(folder: Path, pattern: str = PATTERN) -> tuple[Shelf, RecordingLink]:
    link = RecordingLink(target(folder))
    shelf = FilesCollector(target(folder)).collect(ListedOf(target="files:test", pattern=pattern), link)
    assert isinstance(shelf, Shelf)
    return shelf, link


def read(folder: Path, which: str = "newest", most: int = 2**20) -> Content:
    ask = ReadOf(target="files:test", pattern=PATTERN, which=which, most=most)
    content = FilesCollector(target(folder)).collect(ask, RecordingLink(target(folder)))
    assert isinstance(content, Content)
    return content


def test_files_that_fit_with_size_and_time(tmp_path: Path) -> None:
    put(tmp_path, "db-20260131.sql.gz", b"1234")
    put(tmp_path, "db-latest.sql.gz")
    put(tmp_path, "old/db-20260130.sql.gz")
    shelf, link = listed(tmp_path)
    (one,) = shelf.stored
    assert ("db-20260131.sql.gz", 4, AT) == (one.name, one.size, one.modified)
    assert (2, {"db-latest.sql.gz", "old/"}) == (shelf.others, set(shelf.instead))
    assert link.clock is not None
    assert "PROGRAM" in link.paths[0] and "import" not in link.paths[0]


def test_what_goes_away_meanwhile_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dump gets its name when it is whole, and old folders are deleted."""
    put(tmp_path, "db-20260131.sql.gz")
    put(tmp_path, "20251231/a")
    walk = os.walk

    def meanwhile(top: str, **more: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        for root, folders, names in walk(top, **more):
            yield root, [*folders, "20251230"], [*names, "db-20260131.sql.gz.tmp"]
            if root == top:
                shutil.rmtree(tmp_path / "20251231")

    monkeypatch.setattr(remote.os, "walk", meanwhile)
    found = remote.listed(str(tmp_path), dated(PATTERN).regex, 9)
    assert ["db-20260131.sql.gz"] == [one[0] for one in found["stored"]]  # type: ignore[attr-defined]


def test_a_folder_that_is_gone_has_not_just_gone_away(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remote.listed(str(tmp_path / "nowhere"), dated(PATTERN).regex, 9)


def test_a_disk_of_its_own_has_a_folder_for_root_alone(tmp_path: Path) -> None:
    """No backup lies there, and nobody else may look into it."""
    put(tmp_path, "db-20260131.sql.gz")
    put(tmp_path, "lost+found/db-20260130.sql.gz")
    (tmp_path / "lost+found").chmod(0)
    shelf, _ = listed(tmp_path)
    assert (1, 0) == (len(shelf.stored), shelf.others)


def test_a_name_that_is_no_text_hides_no_backup(tmp_path: Path) -> None:
    put(tmp_path, "db-20260131.sql.gz")
    put(tmp_path, os.fsdecode(b"caf\xe9-\xf0\x9f\x98\x80.txt"))
    shelf, _ = listed(tmp_path)
    assert (1, ("caf?-\U0001f600.txt",)) == (len(shelf.stored), shelf.instead)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """What is elsewhere is no backup here."""
    put(tmp_path, "elsewhere/real", b"1234")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/db-20260131.sql.gz").symlink_to(tmp_path / "elsewhere/real")
    assert () == listed(tmp_path / "here")[0].stored


def test_files_of_a_dated_folder_are_one(tmp_path: Path) -> None:
    for name in ("a", "b/c"):
        put(tmp_path, f"20260131_030000/uploads/{name}", b"12")
    put(tmp_path, "20260131_030000/uploads/empty", b"")
    (one,) = listed(tmp_path, "%Y%m%d_%H%M%S/uploads/")[0].stored
    assert ("20260131_030000/uploads/", 3, 4, 1) == (one.name, one.count, one.size, one.empty)


def test_the_newest_is_read_where_it_lies(tmp_path: Path) -> None:
    """By the date in its name: an older one that was touched is not."""
    put(tmp_path, "db-20260131.sql.gz", stored.packed(stored.dump(20)))
    put(tmp_path, "db-20260130.sql.gz", stored.packed(stored.dump(20))[:-9], AT + timedelta(days=2))
    newest, oldest = read(tmp_path), read(tmp_path, "oldest")
    assert ("db-20260131.sql.gz", "", True) == (newest.name, newest.problem, newest.trailer)
    assert ("db-20260130.sql.gz", "truncated") == (oldest.name, oldest.problem)


def test_names_that_are_no_dates_or_far_ahead_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, "db-20260131.sql.gz", stored.packed(stored.dump(20)))
    put(tmp_path, "db-99999999.sql.gz")
    put(tmp_path, "db-29991231.sql.gz")
    assert "db-20260131.sql.gz" == read(tmp_path).name


def test_what_is_larger_than_is_to_be_read_says_so(tmp_path: Path) -> None:
    put(tmp_path, "db-20260131.sql.gz", b"x" * 2000)
    with pytest.raises(NotConfigured, match=r"budget.max_bytes is 1000B: raise it"):
        read(tmp_path, most=1000)


def test_an_empty_folder_has_nothing_and_one_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    assert ((), 0) == ((shelf := listed(tmp_path)[0]).stored, shelf.others)
    assert "" == read(tmp_path).name
    with pytest.raises(NotFound, match="is not there"):
        listed(tmp_path / "nowhere")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(Forbidden):
        listed(tmp_path)


def test_contents_are_in_no_fact(tmp_path: Path) -> None:
    put(tmp_path, "db-20260131.sql.gz", stored.packed(stored.plaintext()))
    found = read(tmp_path)
    assert 1 == found.secrets
    assert "c3dvcmRmaXNo" not in repr(found)


def settings(**given: Any) -> Any:
    return settings_of("files").model_validate(given, context="/")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"local": True, "folder": "backups"}, "not a whole path"),
        ({"local": True, "folder": "/backups", "sudo": True}, "sudo is not used"),
        ({"folder": "/backups"}, "neither host nor local"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**given)


def test_the_rights_run_exactly_the_program_on_exactly_the_folder() -> None:
    """The commands do not change from day to day: dates are in none of them."""
    made = target_of(
        "files", host="db.example.com", user="opsproof", key="/k", folder="/backups", identity={},
        known_hosts="/known",
    )  # fmt: skip
    asks = (
        ListedOf(target="x", pattern=PATTERN),
        ReadOf(target="x", pattern=PATTERN, which="newest", most=9),
    )
    (file,) = RIGHTS.files([need for ask in asks for need in ask.needs], made, Account())
    assert 2 == file.text.count("env LC_ALL=C python3 -I -c ")
    assert 2 == file.text.count(" /backups ")
    assert "FOLDER" not in file.text.replace("FOLDER REGEX", "")


def test_what_runs_on_a_host_is_read_by_the_python_of_older_ones() -> None:
    """Of 2019: a type is subscripted nowhere but in annotations, which nobody evaluates."""
    tree = ast.parse(program(), feature_version=(3, 8))
    annotations = {id(part) for one in ast.walk(tree) for part in _annotations(one)}
    assert [] == [
        ast.unparse(one)
        for one in ast.walk(tree)
        if isinstance(one, ast.Subscript) and isinstance(one.value, ast.Name) and id(one) not in annotations
        and one.value.id in {"dict", "list", "tuple", "set", "frozenset", "type"}
    ]  # fmt: skip


def test_what_is_joined_to_one_program_has_each_name_once() -> None:
    names = [
        target.id
        for one in ast.parse(program()).body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    ] + [one.name for one in ast.parse(program()).body if isinstance(one, (ast.ClassDef, ast.FunctionDef))]
    assert names and len(names) == len(set(names))


def _annotations(one: ast.AST) -> Iterator[ast.AST]:
    for field in ("annotation", "returns"):
        if (found := getattr(one, field, None)) is not None:
            yield from ast.walk(found)
