"""A credential is known from the moment it is used: in facts, failures, records, and to nobody else."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest

from opsproof.collect.secrets import secrets_of
from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer
from opsproof.testing.links import target_of
from opsproof.transport.link import Link
from tests.collect import toy

SECRET = "exec-plugin-t0ken"


def kept(folder: Path) -> str:
    """All that a run has on its disk."""
    texts = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            texts.append((gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode())
    return "\n".join(texts)


def echo(ask: Ask, link: Link) -> Any:
    link.secret(SECRET)
    with link.request("GET", f"/{SECRET}"):
        pass
    if getattr(ask, "word", "") == "fail":
        raise BadAnswer(f"it said {SECRET}")
    encoded = base64.b64encode(f"user:{SECRET}".encode()).decode()
    return [f"it said {SECRET}", encoded, "10 of 12"]


def test_what_a_server_echoes_is_blanked_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = target_of("http")
    toy.install(monkeypatch, echo)
    asked = toy.collection(tmp_path, target)
    facts = asked.answer(toy.Words(target=target.id)).value()
    failure = asked.answer(toy.Words(target=target.id, word="fail")).failure
    assert facts == ["it said [secret]", "[secret]", "10 of 12"]
    assert failure is not None and failure.message == "it said [secret]"
    assert SECRET not in kept(tmp_path) and "/[secret]" in kept(tmp_path)


def test_a_replay_decides_on_the_same_facts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lies on the disk is what was decided on."""
    target = target_of("http")
    toy.install(monkeypatch, echo)
    ask = toy.Words(target=target.id)
    live = toy.collection(tmp_path, target).answer(ask).value()
    assert live == toy.collection(tmp_path, target, live=False).answer(ask).value()


def test_a_secret_as_a_name_in_an_answer_is_no_fact(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Labels(Ask, frozen=True, kw_only=True, tag="test/labels"):
        answer = dict[str, str]

    def named(ask: Ask, link: Link) -> Any:
        link.secret("k" * 40)
        return {"k" * 40: "x"}

    target = target_of("http")
    toy.install(monkeypatch, named)
    failure = toy.collection(tmp_path, target).answer(Labels(target=target.id)).failure
    assert failure is not None
    assert (failure.kind, failure.message) == (
        "BadAnswer",
        "a name in the answer holds one of our credentials",
    )
    assert "k" * 40 not in kept(tmp_path)


def test_a_text_without_end_is_cut_and_the_facts_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = target_of("http")
    toy.install(monkeypatch, lambda ask, link: ["x" * 1_000_000])
    asked = toy.collection(tmp_path, target)
    ask = toy.Words(target=target.id)
    assert asked.answer(ask).value()[0].endswith("[cut: 1000000 characters]")
    assert asked.store.load(ask.digest).cut == 1


def test_a_kubeconfig_of_one_line_is_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "CONFIG", '{"users": [{"name": "a", "user": {"token": "abcdefghijkl"}}], "contexts": []}'
    )
    target = target_of("kubernetes", kubeconfig={"env": "CONFIG"})
    assert secrets_of([target]) == {"abcdefghijkl"}
