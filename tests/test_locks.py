"""The locks hold what pyproject asks for, by hash, and the README installs them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locks import FOLDER, LOCKS, ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; ([^\\]+))?", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    """What a lock installs here: version by name."""
    found = _PINNED.findall((FOLDER / name).read_text())
    return {
        canonicalize_name(one): version
        for one, version, marker in found
        if not marker or Marker(marker.strip()).evaluate()
    }


def wanted(*extras: str) -> dict[str, Requirement]:
    """What pyproject asks for: base, what builds it, and the given extras with those they name."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    texts = [*project["dependencies"], *document["dependency-groups"]["build"]]
    todo = list(extras)
    while todo:
        for text in project["optional-dependencies"][todo.pop()]:
            one = Requirement(text)
            if one.name == project["name"]:
                todo += one.extras
            else:
                texts.append(text)
    found = map(Requirement, texts)
    return {canonicalize_name(one.name): one for one in found if not one.marker or one.marker.evaluate()}


@pytest.mark.parametrize(("name", "extras"), [("base.txt", ()), ("dev.txt", ("dev",))])
def test_a_lock_holds_what_pyproject_asks_for(name: str, extras: tuple[str, ...]) -> None:
    """A requirement that was added or raised without resolving anew is found here: `python -m tests.locks`."""
    lock = pinned(name)
    lacking = [
        str(one) for key, one in wanted(*extras).items() if key not in lock or lock[key] not in one.specifier
    ]
    assert [] == lacking


def test_every_pin_has_its_hashes() -> None:
    for name in LOCKS:
        blocks = re.split(r"^(?=[a-z0-9])", (FOLDER / name).read_text(), flags=re.MULTILINE)
        assert [] == [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]


def test_what_the_demo_runs_with_is_what_was_tested() -> None:
    """Both locks pin the same version of what both hold."""
    base, dev = pinned("base.txt"), pinned("dev.txt")
    assert {} == {
        name: (version, dev.get(name)) for name, version in base.items() if dev.get(name) != version
    }


def test_the_readme_installs_the_locks_and_nothing_that_is_resolved_anew() -> None:
    commands = [
        line
        for line in Path(ROOT / "README.md").read_text().splitlines()
        if line.startswith("python3 -m venv")
    ]
    assert ["requirements/base.txt", "requirements/dev.txt"] == [
        re.findall(r"-r (\S+)", one)[0] for one in commands
    ]
    assert all("--no-deps --no-build-isolation -e ." in one for one in commands)
