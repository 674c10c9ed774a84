"""A drill's record, whatever ends the drill."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from opsproof.drill.record import NotKept, Performance
from opsproof.evidence.files import Unwritable
from opsproof.sources.drill.facts import LOAD, MAKE, Drill
from opsproof.testing.links import target_of


class _Ends(Performance):
    """The error is raised within its second step."""

    failures = (ValueError,)
    error: BaseException = ValueError("it is damaged")

    def restored(self) -> None:
        with self.step(MAKE):
            pass
        with self.step(LOAD):
            raise self.error


@pytest.fixture
def begun(tmp_path: Path) -> _Ends:
    dumps = {"folder": str(tmp_path), "pattern": "shop-%Y%m%d.sql.gz"}
    into = {"host": "127.0.0.1", "database": "postgres", "user": "drill"}
    target = target_of("drill", records=str(tmp_path / "records"), dumps=dumps, into=into, newest="SELECT 1")
    return _Ends(target, "postgres:scratch", {}, lambda step: None)


def kept(of: Performance) -> Drill:
    (record,) = Path(of.target.settings.records).iterdir()
    return msgspec.json.decode(record.read_bytes(), type=Drill)


def told(drill: Drill) -> list[tuple[str, str]]:
    return [(step.name, step.failure) for step in drill.steps]


def test_a_failure_is_told_in_its_step(begun: _Ends) -> None:
    assert begun.run() == kept(begun)
    assert [(MAKE, ""), (LOAD, "it is damaged")] == told(kept(begun))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("Planted-4711")])
def test_what_ends_it_otherwise_is_told_too_and_goes_on(begun: _Ends, error: BaseException) -> None:
    """Else nothing in the record would say that it did not come to its end."""
    begun.error = error
    with pytest.raises(type(error)):
        begun.run()
    drill = kept(begun)
    assert drill.ended is not None and not drill.good
    assert [(MAKE, ""), (LOAD, "it was interrupted")] == told(drill)


def test_a_record_that_cannot_be_written_at_the_end_is_not_called_none_begun(begun: _Ends) -> None:
    folder = Path(begun.target.settings.records)

    def gone(step: str) -> None:
        if step == LOAD:
            shutil.rmtree(folder)
            folder.write_text("a file in its place")

    begun.tell = gone
    with pytest.raises(NotKept, match="the drill has ended, and nothing decides by it: cannot write "):
        begun.run()


def test_nothing_is_begun_without_a_record(begun: _Ends) -> None:
    Path(begun.target.settings.records).write_text("a file in its place")
    with pytest.raises(Unwritable):
        begun.run()
    assert begun.drill.steps == ()
