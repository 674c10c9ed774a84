"""Programs that the environment allows."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.script.check_exit_status import ExitLimits
from opsproof.environment.context import EnvironmentContext
from opsproof.environment.environment import Environment
from opsproof.environment.from_run import FromRun
from opsproof.environment.names import Names
from opsproof.model.failure import CollectionError, Forbidden, NotConfigured, NotFound, TimedOut
from opsproof.model.target import Target
from opsproof.sources.script.collector import ScriptCollector
from opsproof.sources.script.facts import ProgramRun, ProgramRunOf, RowsProgram
from opsproof.testing.links import RecordingLink, target_of
from opsproof.testing.runs import answered
from tests.checks.contexts import Row


def target(tmp_path: Path, text: str = "#!/bin/sh\nexit 0\n", mode: int = 0o755, **more: Any) -> Target:
    file = tmp_path / "smoke.sh"
    file.write_text(text)
    file.chmod(mode)
    return target_of("script", allow={"smoke": str(file), "absent": str(tmp_path / "absent")}, **more)


def ask(program: str = "smoke", *arguments: str, **more: Any) -> ProgramRunOf:
    return ProgramRunOf(target="script:test", program=program, arguments=arguments, **more)


def collected(target: Target, ask: ProgramRunOf, link: RecordingLink | None = None) -> ProgramRun:
    return ScriptCollector(target).collect(ask, link or RecordingLink(target))


def test_status_size_and_the_files_digest_are_facts(tmp_path: Path) -> None:
    """And what it wrote is not."""
    text = '#!/bin/sh\necho "$1"\nexit 3\n'
    found = collected(target(tmp_path, text), ask("smoke", "a b;c"))
    assert (3, 6, "") == (found.status, found.size, found.tail)
    assert hashlib.sha256(text.encode()).hexdigest() == found.sha256


def test_the_tail_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    found = collected(
        target(tmp_path, "#!/bin/sh\nhead -c 9000 /dev/zero | tr '\\0' x\necho end >&2\n"), ask(tail=True)
    )
    assert found.tail.endswith("xend\n")
    assert len(found.tail) <= 2048 < found.size


def test_a_credential_that_it_was_given_is_blanked_in_the_tail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the environment it sees what is passed on; a run keeps none of that."""
    monkeypatch.setenv("SHOP_KEY", "Planted-4711-in-the-environment")
    monkeypatch.setenv("OTHER", "unseen")
    one = target(tmp_path, '#!/bin/sh\necho "key $SHOP_KEY other $OTHER"\n', pass_on=["SHOP_KEY"])
    answer = answered(tmp_path / "run", one, ask(tail=True))
    assert "key [secret] other \n" == answer.value().tail
    kept = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert [path for path in kept if b"Planted" in _content(path) or b"unseen" in _content(path)] == []


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_it_runs_in_its_own_folder(tmp_path: Path) -> None:
    assert f"{tmp_path}\n" == collected(target(tmp_path, "#!/bin/sh\npwd -P\n"), ask(tail=True)).tail


def test_the_record_names_the_program_and_not_its_path(tmp_path: Path) -> None:
    one = target(tmp_path)
    link = RecordingLink(one)
    collected(one, ask("smoke", "-q"), link)
    assert (["RUN smoke -q"], 0) == (link.paths, link.requests[0].status)


@pytest.mark.parametrize(
    ("program", "kind"), [("other", NotConfigured), ("absent", NotFound), ("/bin/true", NotConfigured)]
)
def test_only_what_is_allowed_and_there_is_run(
    tmp_path: Path, program: str, kind: type[CollectionError]
) -> None:
    with pytest.raises(kind):
        collected(target(tmp_path), ask(program))


def test_what_may_not_be_executed_is_forbidden(tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        collected(target(tmp_path, mode=0o644), ask())


def test_one_that_does_not_end_is_killed_within_what_the_row_gives(tmp_path: Path) -> None:
    with pytest.raises(TimedOut, match="killed"):
        collected(target(tmp_path, "#!/bin/sh\nsleep 300\n"), ask(within=0.2))


def test_the_row_asks_for_what_it_names() -> None:
    limits = ExitLimits(program="smoke", arguments=("-q",), tail=True)
    (made,) = RowsProgram().asks(Row(limits))
    assert ProgramRunOf(target="script:x", program="smoke", arguments=("-q",), within=30.0, tail=True) == made


@pytest.mark.parametrize(
    ("given", "asked"), [({}, 0), ({"run_intrusive": "smoke"}, 0), ({"run_intrusive": "restore"}, 1)]
)
def test_what_changes_state_is_asked_only_by_its_name(given: dict[str, str], asked: int) -> None:
    """Of the run, by the name that the system declares for it."""
    limits = ExitLimits(program="restore", intrusive=True)
    names = Names({"run_intrusive": FromRun()}, file="x.yaml").given(given)
    place = Environment(
        "x", "x", Path("x.yaml"), {"script": target_of("script", allow={"restore": "r"})}, names
    )
    assert asked == len(RowsProgram().asks(EnvironmentContext(place, limits)))


def test_what_nobody_declares_is_not_asked() -> None:
    place = Environment("x", "x", Path("x.yaml"), {"script": target_of("script", allow={"restore": "r"})})
    context = EnvironmentContext(place, ExitLimits(program="restore", intrusive=True))
    assert () == RowsProgram().asks(context)
    assert RowsProgram().assemble((), context) is None


@pytest.mark.parametrize(
    "wrong",
    [{"allow": {}}, {"allow": {"../x": "x"}}, {"allow": {"x": 3}}, {"allow": {"x": "x"}, "pass_on": ["A=B"]}],
)
def test_settings_that_allow_nothing_or_anything_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        target_of("script", **wrong)
