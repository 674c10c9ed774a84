"""Who ran what, where, with which code and which files: recorded with every run."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import re
import socket
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

_LIBRARIES = (
    "opsproof", "pytest", "kubernetes", "requests", "msgspec", "pydantic", "cryptography", "psycopg", "redis",
    "pytest-html", "pytest-xdist",
)  # fmt: skip
_CI = (
    "CI", "GITHUB_RUN_ID", "GITHUB_WORKFLOW", "GITHUB_REPOSITORY", "GITHUB_ACTOR", "CI_JOB_ID", "CI_PIPELINE_ID",
    "CI_PROJECT_PATH", "GITLAB_USER_LOGIN", "BUILD_NUMBER", "JOB_NAME", "BUILDKITE_BUILD_ID",
)  # fmt: skip

_COMMIT = "# branch.oid "


def user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def host() -> str:
    return socket.gethostname()


def ci() -> dict[str, str]:
    """The variables by which CI systems name a job; none of them is a secret."""
    return {name: os.environ[name] for name in _CI if name in os.environ}


def git(folder: Path) -> dict[str, str]:
    """Commit and whether the work tree differs from it; empty outside a repository."""
    lines = _status(folder).splitlines()
    commit = next((line.removeprefix(_COMMIT) for line in lines if line.startswith(_COMMIT)), "")
    if not commit or commit == "(initial)":
        return {}
    return {"commit": commit, "dirty": "no" if all(line.startswith("# ") for line in lines) else "yes"}


# A repository may name programs that a look at it would start.
_NO_PROGRAMS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.sshCommand=false", "core.pager=cat")
_FILTER = re.compile(r"filter\.(.+)\.(?:clean|process|smudge)", re.IGNORECASE | re.DOTALL)


def _status(folder: Path) -> str:
    """What git says of a work tree, without any program that its configuration names."""
    settings = [*_NO_PROGRAMS, *_no_filters(folder)]
    # Without locks: a look at the work tree shall neither write its index nor stand in another git's way.
    words = [word for one in settings for word in ("-c", one)]
    return _git("--no-optional-locks", *words, "-C", str(folder), "status", "--porcelain=v2", "--branch",
                "--ignore-submodules=dirty")  # fmt: skip


def _no_filters(folder: Path) -> Iterator[str]:
    """Content filters, switched off one by one: git knows no switch for all of them."""
    for key in _git("-C", str(folder), "config", "--null", "--name-only", "--list").split("\0"):
        if named := _FILTER.fullmatch(key):
            yield from (f"filter.{named[1]}.{part}=" for part in ("clean", "process", "smudge"))
            yield f"filter.{named[1]}.required=false"


def _git(*words: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
            env=own,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def versions() -> dict[str, str]:
    """Python's version and those of the libraries that decide."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def digest_of(paths: list[Path]) -> str:
    """One digest over several files, by name and content."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
