"""Decoding from several threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import sys, threading
import msgspec
from opsproof.model.decoding import decode

sys.setswitchinterval(1e-6)
inner = "{%s}" % ",".join(f'"f{n}":1' for n in range(30))
content = ("{%s}" % ",".join(f'"g{n}":[{inner}]' for n in range(10))).encode()

def first_seen_by_all(number):
    leaf = msgspec.defstruct(f"Leaf{number}", [(f"f{n}", int) for n in range(30)])
    form = msgspec.defstruct(f"Form{number}", [(f"g{n}", list[leaf]) for n in range(10)])
    barrier = threading.Barrier(6)
    def decoded():
        barrier.wait()
        assert decode(content, form).g9[0].f29 == 1
    threads = [threading.Thread(target=decoded) for _ in range(6)]
    [one.start() for one in threads]
    [one.join() for one in threads]

for number in range(60):
    first_seen_by_all(number)
print("done")
"""


def test_a_form_that_many_threads_see_first_is_decoded_by_all() -> None:
    """Without the lock the interpreter dies (SIGSEGV), hence the process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], env={"PYTHONPATH": str(ROOT / "plugins")}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-400:]
