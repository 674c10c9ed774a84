"""KUBECONFIG names several files: merged as kubectl does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsproof.collect.secrets import secrets_of
from opsproof.environment.references import Files
from opsproof.model.failure import NotConfigured
from opsproof.sources.kubernetes.kubeconfig import document
from opsproof.sources.kubernetes.login import Login, login
from opsproof.sources.kubernetes.settings import KubernetesSettings
from opsproof.testing.links import target_of


def one(folder: Path, name: str, **sections: dict[str, dict[str, Any]]) -> Path:
    """A file in a folder of its own: its sections as name -> content."""
    inner = {"contexts": "context", "clusters": "cluster", "users": "user"}
    text = {
        section: [{"name": key, inner[section]: content} for key, content in entries.items()]
        for section, entries in sections.items()
    }
    path = folder / name / "config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"current-context": name, **text}))
    return path


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The first has cluster, user and context; the second other ones of the same names, and more."""
    first = one(
        tmp_path, "first",
        clusters={"main": {"server": "https://first:6443", "certificate-authority": "ca.pem"}},
        users={"me": {"tokenFile": "token"}},
        contexts={"eu": {"cluster": "main", "user": "me"}},
    )  # fmt: skip
    second = one(
        tmp_path, "second",
        clusters={"main": {"server": "https://second:6443"}, "other": {"server": "https://other:6443"}},
        users={"me": {"token": "second-token"}, "you": {"token": "your-token"}},
        contexts={"eu": {"cluster": "other", "user": "you"}, "us": {"cluster": "other", "user": "you"},
                  "mixed": {"cluster": "main", "user": "you"}},
    )  # fmt: skip
    (first.parent / "token").write_text("first-token")
    (first.parent / "ca.pem").write_text("authority")
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{tmp_path}/none{os.pathsep}{os.pathsep}{second}")
    return first, second


def settings(**more: Any) -> KubernetesSettings:
    return KubernetesSettings(kubeconfig="${env:KUBECONFIG}", **more)  # type: ignore[arg-type]


def logged_in(context: str) -> Login:
    return login(settings(context=context), 5.0)


def test_of_each_name_the_first_entry_wins_whole(pair: tuple[Path, Path]) -> None:
    found = logged_in("eu")
    assert (found.server, found.authorization) == ("https://first:6443", "Bearer first-token")


def test_what_only_the_second_has_is_there_too(pair: tuple[Path, Path]) -> None:
    found = logged_in("us")
    assert (found.server, found.authorization) == ("https://other:6443", "Bearer your-token")


def test_a_context_may_name_entries_of_other_files(pair: tuple[Path, Path]) -> None:
    found = logged_in("mixed")
    assert (found.server, found.authorization) == ("https://first:6443", "Bearer your-token")


def test_paths_are_taken_from_the_file_that_they_stand_in(pair: tuple[Path, Path]) -> None:
    assert logged_in("mixed").ca == pair[0].parent / "ca.pem"


@pytest.mark.parametrize(("order", "current"), [("first:second", "first"), ("second:first", "second")])
def test_the_first_file_that_names_a_current_context_says_it(
    pair: tuple[Path, Path], tmp_path: Path, order: str, current: str
) -> None:
    (tmp_path / "empty").write_text("")
    files = ":".join(f"{tmp_path}/{name}/config" for name in order.split(":"))
    assert document(Files(file=f"{tmp_path}/empty:{files}"))["current-context"] == current


def test_of_several_contexts_one_is_to_be_named_whatever_is_current(pair: tuple[Path, Path]) -> None:
    with pytest.raises(NotConfigured, match="add the key `context`: eu, us, mixed"):
        login(settings(), 5.0)


def test_validate_sees_the_merged_one(pair: tuple[Path, Path]) -> None:
    assert settings(context="us").unfit() == ""
    assert settings(context="us").hosts(("kubeconfig",)) == ("other:6443",)
    assert "has no context 'asia'; it has eu, us, mixed" in settings(context="asia").unfit()


def test_the_secrets_of_all_files_are_known(pair: tuple[Path, Path]) -> None:
    target = target_of("kubernetes", kubeconfig="${env:KUBECONFIG}", context="eu")
    assert {"second-token", "your-token"} <= secrets_of([target])


def test_one_of_them_is_enough_and_none_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a:{tmp_path}/b")
    reference = settings(context="eu").kubeconfig
    assert reference is not None
    assert reference.missing() == "file ${env:KUBECONFIG} is not there"
    with pytest.raises(NotConfigured, match="is not there"):
        logged_in("eu")


def test_a_file_that_may_not_be_read_is_named(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != pair[1])
    with pytest.raises(NotConfigured, match=f"file {pair[1]} may not be read"):
        logged_in("eu")


def test_a_file_that_is_no_yaml_is_named(pair: tuple[Path, Path]) -> None:
    pair[1].write_text("users: [")
    with pytest.raises(NotConfigured, match=r"the kubeconfig \(config\) is not YAML"):
        logged_in("eu")


def test_the_program_of_a_file_outside_of_the_repository_may_be_started(tmp_path: Path) -> None:
    """And that of one within it may not, whichever of them is named first."""
    plugin = {"exec": {"command": "./login", "apiVersion": "client.authentication.k8s.io/v1"}}
    outside = one(tmp_path, "home", users={"out": plugin}, clusters={"main": {"server": "https://a"}},
                  contexts={"out": {"cluster": "main", "user": "out"}, "in": {"cluster": "main", "user": "in"}})  # fmt: skip
    repository = tmp_path / "repository"
    inside = one(repository, "files", users={"in": plugin})
    (repository / ".git").mkdir()
    for path in (outside, inside):
        program = path.parent / "login"
        program.write_text('#!/bin/sh\necho \'{"status": {"token": "from-a-program"}}\'\n')
        program.chmod(0o755)
    made = {"kubeconfig": Files(file=f"{inside}:{outside}", folder=repository)}
    assert login(KubernetesSettings(**made, context="out"), 5.0).authorization == "Bearer from-a-program"
    with pytest.raises(NotConfigured, match="lies in the repository and would start a program"):
        login(KubernetesSettings(**made, context="in"), 5.0)
