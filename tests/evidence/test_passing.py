"""Who passed is kept beside the journal, and can be read again."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from opsproof.evidence.passing import FOLDER, Passing
from opsproof.model.finding import ItemResult
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.subject import Subject

API = Subject("pod", "api-7d9f-x2", "shop", "deployment/api")
DB = Subject("pod", "db-0", "shop")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def item(passed: int, requirement: str = "SH-001") -> ItemResult:
    return ItemResult(
        requirement=requirement, system="shop", environment="live", check="health/pods-ready",
        outcome=Outcome.PASS, level=Level.HIGH, passed=passed,
    )  # fmt: skip


def kept(run: Path, subjects: Iterable[Subject], requirement: str = "SH-001") -> ItemResult:
    """The result of an item whose subjects passed, as it goes into the journal."""
    every = list(subjects)
    result = item(len(every), requirement)
    return msgspec.structs.replace(result, passing=Passing(run).keep(result, iter(every), lambda part: part))


@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 2500])
def test_who_passed_is_read_again_as_it_was(run: Path, count: int) -> None:
    """Kind, name, namespace and stable key, in order, however many; anybody can read the lines."""
    subjects = [Subject("pod", f"api-{n}", "shop", "deployment/api") for n in range(count)]

    result = kept(run, subjects)

    assert subjects == list(Passing(run).of(result))
    lines = gzip.decompress((run / result.passing).read_bytes()).splitlines()
    assert (count, b'["pod","api-0","shop","deployment/api"]') == (len(lines), lines[0])


def test_each_item_has_its_own(run: Path) -> None:
    """Requirement, system, environment and check tell them apart."""
    one, other = kept(run, [API]), kept(run, [DB], "SH-002")

    assert ([API], [DB]) == (list(Passing(run).of(one)), list(Passing(run).of(other)))


def test_of_an_item_that_is_decided_again_the_later_subjects_stand(run: Path) -> None:
    """None of an earlier attempt is left, even when nobody passes in the later one."""
    first, second = kept(run, [API, DB]), kept(run, [DB])
    assert [DB] == list(Passing(run).of(second))
    assert first.passing == second.passing

    third = kept(run, [])

    assert "" == third.passing
    assert [] == list((run / FOLDER).iterdir())
    with pytest.raises(FileNotFoundError):
        Passing(run).of(third)


def test_names_are_redacted_like_all_else(run: Path) -> None:
    """Before they are written."""
    result = item(1)
    Passing(run).keep(result, iter([API]), lambda part: part.replace(b"api-7d9f-x2", b"[secret]"))

    assert [Subject("pod", "[secret]", "shop", "deployment/api")] == list(Passing(run).of(result))


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b'["pod"]\n'), gzip.compress(b"x" * 99)[:-9]],
    ids=["no gzip", "other lines", "cut off"],
)
def test_what_is_damaged_is_said_to_be(run: Path, content: bytes) -> None:
    """By its file."""
    result = kept(run, [API])
    (run / result.passing).write_bytes(content)

    with pytest.raises(ValueError, match="is damaged"):
        Passing(run).of(result)


def test_only_a_plain_file_is_read(run: Path, tmp_path: Path) -> None:
    """No link is followed."""
    result = kept(run, [API])
    elsewhere = tmp_path / "elsewhere"
    (run / result.passing).rename(elsewhere)
    (run / result.passing).symlink_to(elsewhere)

    with pytest.raises(ValueError, match="no plain file"):
        Passing(run).of(result)
