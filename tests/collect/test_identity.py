"""Nothing is asked of a server that has not proven to be the declared one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsproof.model.target import Target, TargetReport
from opsproof.transport.link import Link
from tests.collect.toy import Words, collection, install


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"uid": "another"}, "found 'another'"),
        ({}, "cannot prove uid"),
        ({"name": "mine"}, "cannot prove uid"),
    ],
)
def test_another_server_or_one_that_does_not_tell_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], said: str
) -> None:
    asked: list[Any] = []

    def answering(ask: Any, link: Link) -> list[str]:
        asked.append(ask)
        return ["an answer"]

    def identify(link: Link) -> TargetReport:
        return TargetReport(target="toy:x", kind="toy", role="toy", identity=told)

    install(monkeypatch, answering, identify=identify)
    target = Target("toy", "toy", "toy:x", settings=None, identity={"uid": "mine"})

    answer = collection(tmp_path, target).answer(Words(target="toy:x"))

    assert answer.failure is not None and "IdentityMismatch" == answer.failure.kind
    assert said in answer.failure.message
    assert [] == asked


def test_the_declared_server_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def identify(link: Link) -> TargetReport:
        return TargetReport(target="toy:x", kind="toy", role="toy", identity={"uid": "mine"})

    install(monkeypatch, lambda ask, link: ["an answer"], identify=identify)
    target = Target("toy", "toy", "toy:x", settings=None, identity={"uid": "mine"})
    assert ["an answer"] == collection(tmp_path, target).answer(Words(target="toy:x")).value()
