"""The tests in three parts that run at once, each with a testbed of its own.

The testbed's ports are fixed, so every part but the first has a network namespace to itself. Faults mostly
wait for controllers and clocks: two cores carry three parts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import detection
from tests.testbed import place

ROOT = Path(__file__).parents[1]
FAULTS = ("tests/faults", "tests/normal")
LOOPBACK_UP = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
SET_FLAGS = 0x8914  # SIOCSIFFLAGS


@dataclass(frozen=True)
class Part:
    """What pytest is to run; `apart` in a network namespace of its own."""

    name: str
    words: tuple[str, ...]
    apart: bool = True
    failed: list[str] = field(default_factory=list)


WHOLE = (Part("tests", ("tests",), apart=False),)
# The wheel's test asks the package index: it stays where the network is.
DIVIDED = (
    Part("tests", ("tests", *(f"--ignore={folder}" for folder in FAULTS)), apart=False),
    Part("faults-1", (*FAULTS, "--share", "1/2")),
    Part("faults-2", (*FAULTS, "--share", "2/2")),
)


def possible() -> bool:
    """Whether a process may have a network of its own here."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


def together(parts: Sequence[Part]) -> bool:
    """All parts at once, what they print behind their names; at last their failures, or `docs/detection.md`."""
    with tempfile.TemporaryDirectory() as folder:
        found = [Path(folder) / f"{part.name}.json" for part in parts]
        codes: dict[str, int] = {}
        threads = [
            threading.Thread(target=_follow, args=(part, file, codes))
            for part, file in zip(parts, found, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed = all(codes.get(part.name) == 0 for part in parts)
        if passed:
            detection.write(detection.merged(file for file in found if file.exists()))
    for part in parts:
        print("\n".join([*part.failed, f"{part.name}: exit {codes.get(part.name)}"]), flush=True)
    return passed


def _follow(part: Part, detected: Path, codes: dict[str, int]) -> None:
    where = ["unshare", "--net"] if part.apart else []
    command = [*where, sys.executable, "-m", "tests.parts", "apart" if part.apart else "here", *part.words]
    env = {**os.environ, "OPSPROOF_DETECTED": str(detected)}
    if part.apart:
        env["OPSPROOF_TESTBED_STATE"] = f"{place.state()}-{part.name}"
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"{part.name}: {line}", end="", flush=True)
            if line.startswith(("FAILED ", "ERROR ")):
                part.failed.append(line.rstrip())
    codes[part.name] = process.returncode


def alone(words: Sequence[str]) -> bool:
    """One testbed, the tests on it, and the testbed down again."""
    with _bed() as up:
        return _ran(sys.executable, "-m", "pytest", *words) and (up or not in_ci())


def in_ci() -> bool:
    return bool(os.environ.get("CI"))


@contextmanager
def _bed() -> Iterator[bool]:
    up = _ran(sys.executable, "-m", "tests.testbed", "up")
    try:
        yield up
    finally:
        if up:
            _ran(sys.executable, "-m", "tests.testbed", "down")


def _ran(*command: str) -> bool:
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main(where: str, *words: str) -> int:
    if where == "apart":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SET_FLAGS, LOOPBACK_UP)
    return 0 if alone(words) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
