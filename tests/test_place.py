"""Where the testbed keeps its files."""

from __future__ import annotations

from pathlib import Path

from tests.testbed import place


def test_what_an_earlier_testbed_left_goes(tmp_path: Path) -> None:
    for name in ("credentials", "log", "run", "files"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "old").write_text("x")
    (tmp_path / "postgres.seeded").write_text("x")
    with place.elsewhere(tmp_path, {}):
        place.emptied()
    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_is_none_of_a_testbed_stays(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "thesis.txt").write_text("x")
    with place.elsewhere(tmp_path, {}):
        place.emptied()
    assert {"log", "thesis.txt"} == {path.name for path in tmp_path.iterdir()}


def test_no_folder_is_as_good_as_an_empty_one(tmp_path: Path) -> None:
    with place.elsewhere(tmp_path / "none", {}):
        place.emptied()
    assert not (tmp_path / "none").exists()
