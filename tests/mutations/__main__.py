"""python -m tests.mutations [WORD ...]: make each mistake in a copy of the code, and see who notices.

Words choose mutations by parts of their names. Exit status 0 when all are caught.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from tests.mutations.mutation import ROOT, Mutation
from tests.mutations.seams import MUTATIONS

_AT_ONCE = 2
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".tox", "__pycache__", ".*_cache", ".hypothesis", "20*T*")
_PYTEST = ("-x", "-q", "-m", "not testbed and not slow", "-p", "no:cacheprovider", "--no-header", "--tb=no")
_FAILED = 1  # pytest's exit status for tests that ran and failed


def main(words: Sequence[str]) -> int:
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="opsproof-mutations-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(_AT_ONCE):
            copies.put(
                Path(shutil.copytree(ROOT, Path(folder) / str(number), ignore=_LEFT_OUT, symlinks=True))
            )
        sound = _untouched(chosen, copies)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = list(pool.map(lambda one: _tried(one, copies), chosen))
    missed = [one.name for one, caught in zip(chosen, results, strict=True) if not caught]
    print(
        f"{len(chosen) - len(missed)} of {len(chosen)} mutations caught"
        + "".join(f"\n  {name}" for name in missed)
    )
    return 1 if missed or not sound else 0


def _untouched(chosen: Sequence[Mutation], copies: Queue[Path]) -> bool:
    """The tests pass on the code as it is: else whatever they notice says nothing."""
    paths = sorted({path for one in chosen for path in one.paths})
    with _copy(copies) as copy:
        code = _ran(copy, paths)
    if code:
        print(f"the tests do not pass without any mutation: exit status {code}", flush=True)
    return code == 0


def _tried(mutation: Mutation, copies: Queue[Path]) -> bool:
    with _copy(copies) as copy, _mistaken(copy / mutation.file, mutation):
        code = _ran(copy, mutation.paths)
    print(
        f"{'caught' if code == _FAILED else f'NOT CAUGHT (exit status {code})'}: {mutation.name}", flush=True
    )
    return code == _FAILED


@contextmanager
def _copy(copies: Queue[Path]) -> Iterator[Path]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


@contextmanager
def _mistaken(file: Path, mutation: Mutation) -> Iterator[None]:
    text = file.read_text()
    file.write_text(mutation.applied(text))
    try:
        yield
    finally:
        file.write_text(text)


def _ran(copy: Path, paths: Sequence[str]) -> int:
    command = [sys.executable, "-B", "-m", "pytest", *_PYTEST, *paths]
    done = subprocess.run(
        command, cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
