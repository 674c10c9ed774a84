"""Who passed is kept beside the journal, and can be read again."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from opsproof.evidence.passing import NAME, Passing
from opsproof.model.finding import ItemResult
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.subject import Subject

API = Subject("pod", "api-7d9f-x2", "shop", "deployment/api")
DB = Subject("pod", "db-0", "shop")


def item(passed: int, requirement: str = "SH-001") -> ItemResult:
    return ItemResult(
        requirement=requirement, system="shop", environment="live", check="health/pods-ready",
        outcome=Outcome.PASS, level=Level.HIGH, passed=passed,
    )  # fmt: skip


def kept(run: Path, subjects: Iterable[Subject], requirement: str = "SH-001") -> ItemResult:
    """The result of an item whose subjects passed, and are written down."""
    every = list(subjects)
    result = item(len(every), requirement)
    Passing(run).keep(result, iter(every), lambda part: part)
    return result


@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 2500])
def test_who_passed_is_read_again_as_it_was(tmp_path: Path, count: int) -> None:
    """Kind, name, namespace and stable key, in order, however many; anybody can read the lines."""
    subjects = [Subject("pod", f"api-{n}", "shop", "deployment/api") for n in range(count)]

    result = kept(tmp_path, subjects)

    assert subjects == list(Passing(tmp_path).of(result))
    heading, *lines = gzip.decompress((tmp_path / NAME).read_bytes()).splitlines()
    assert (
        b'{"system":"shop","environment":"live","requirement":"SH-001","check":"health/pods-ready"}'
        == heading
    )
    assert (count, b'["pod","api-0","shop","deployment/api"]') == (len(lines), lines[0])


def test_each_item_has_its_own(tmp_path: Path) -> None:
    """Requirement, system, environment and check tell them apart; the file as a whole is one that anybody can read."""
    one, other = kept(tmp_path, [API]), kept(tmp_path, [DB], "SH-002")

    assert ([API], [DB]) == (list(Passing(tmp_path).of(one)), list(Passing(tmp_path).of(other)))
    assert 4 == len(gzip.decompress((tmp_path / NAME).read_bytes()).splitlines())


def test_of_an_item_that_is_decided_again_the_later_subjects_stand(tmp_path: Path) -> None:
    """None of an earlier attempt is left, even when nobody passes in the later one."""
    kept(tmp_path, [API, DB])
    kept(tmp_path, [API], "SH-002")
    second = kept(tmp_path, [DB])
    assert [DB] == list(Passing(tmp_path).of(second))

    third = kept(tmp_path, [])

    assert [] == list(Passing(tmp_path).of(third))


@pytest.mark.parametrize("others", [[], [API]], ids=["no file", "others alone"])
def test_what_nobody_wrote_down_is_not_nobody(tmp_path: Path, others: list[Subject]) -> None:
    """A result counts subjects, and the run does not list them."""
    kept(tmp_path, others, "SH-002")

    with pytest.raises(FileNotFoundError):
        Passing(tmp_path).of(item(1))


def test_names_are_redacted_like_all_else(tmp_path: Path) -> None:
    """Before they are written."""
    result = item(1)
    Passing(tmp_path).keep(result, iter([API]), lambda part: part.replace(b"api-7d9f-x2", b"[secret]"))

    assert [Subject("pod", "[secret]", "shop", "deployment/api")] == list(Passing(tmp_path).of(result))


HEADING = b'{"system":"shop","environment":"live","requirement":"SH-001","check":"health/pods-ready"}\n'


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        gzip.compress(HEADING + b'["pod"]\n'),
        gzip.compress(b'["pod","api","shop",""]\n'),
        gzip.compress(HEADING + b'["pod","api","shop",""]\n') + b"more",
        gzip.compress(HEADING + b"x" * 99)[:-9],
    ],
    ids=["no gzip", "other lines", "no heading", "more behind it", "cut off"],
)
def test_what_is_damaged_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    """By its file."""
    result = kept(tmp_path, [API])
    (tmp_path / NAME).write_bytes(content)

    with pytest.raises(ValueError, match="is damaged"):
        Passing(tmp_path).of(result)


def test_only_a_plain_file_is_read(tmp_path: Path) -> None:
    """No link is followed."""
    result = kept(tmp_path, [API])
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / NAME).rename(elsewhere)
    (tmp_path / NAME).symlink_to(elsewhere)

    with pytest.raises(ValueError, match="no plain file"):
        Passing(tmp_path).of(result)
