"""Who ran what, where, with which code and which files: recorded with every run."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import socket
import subprocess
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


def _status(folder: Path) -> str:
    # Without locks: a look at the work tree shall neither write its index nor stand in another git's way.
    command = ["git", "--no-optional-locks", "-C", str(folder), "status", "--porcelain=v2", "--branch"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
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
