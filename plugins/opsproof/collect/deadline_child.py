"""What `deadline.Deadline` starts: `PID SECONDS SILENCE PATIENCE [COMMAND...]`, with the process's word on stdin."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

_STEP = 0.05


def main(words: list[str]) -> int:
    """Kill the process when its time is over and it is stuck, and run the command then. 0 when it ended itself."""
    pid, until, silence, patience = int(words[0]), time.monotonic() + float(words[1]), *map(float, words[2:4])
    if not stuck(until, silence, patience):
        return 0
    if os.getppid() != pid:
        return 0  # it is gone, and the number may be another's
    os.kill(pid, signal.SIGKILL)
    if words[4:]:
        sys.stderr.write(
            "\nopsproof: the run was stuck at its deadline and has been ended; what it decided stands.\n"
        )
        sys.stderr.flush()
        return subprocess.run(words[4:], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode
    return 0


def stuck(until: float, silence: float, patience: float) -> bool:
    """Whether the time is over and nothing more is heard; False as soon as the process says that it ends, or is gone."""
    beat = decided = time.monotonic()
    while True:
        now = time.monotonic()
        if now > until and (now - beat > silence or now - max(decided, until) > patience):
            return True
        wait = max(_STEP, until - silence - now)
        if not select.select([0], [], [], wait)[0]:
            continue
        heard = os.read(0, 65536)
        if not heard or b"e" in heard:
            return False
        beat = time.monotonic()
        if b"d" in heard:
            decided = beat


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
