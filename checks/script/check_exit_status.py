"""Programs of one's own: a smoke test, a restore test, what no other check can tell."""

from __future__ import annotations

from opsproof import MEDIUM, Count, Duration, Examination, Limits, NotApplicable, Scoped, Undecided, check
from opsproof.sources.script.facts import Run


class ExitLimits(Limits):
    """`program`: a name that the environment allows. `arguments`: handed over as they are. `good`: what passes.

    `within`: after so long it is killed, and nothing is decided. `tail`: keep the end of its output.
    `intrusive`: it changes state; then it runs only when `--set run_intrusive=PROGRAM` asks for it by name.
    """

    program: Scoped[str]
    arguments: Scoped[tuple[str, ...]] = ()
    good: tuple[Count, ...] = (Count(0),)
    within: Duration = Duration(30)
    tail: Scoped[bool] = False
    intrusive: Scoped[bool] = False


@check("script/exit-status", title="The program ends with a good exit status", level=MEDIUM)
def check_exit_status(run: Run, limits: ExitLimits, examine: Examination) -> None:
    """What the program looks for is not as it should be."""
    if run is None:
        why = f"it changes state; --set run_intrusive={limits.program} runs it, where system.yaml declares that name"
        raise NotApplicable(why)
    needed = " or ".join(f"{status}" for status in limits.good)
    with examine(run, measured=run.status, limit=needed):
        if run.status < 0:
            raise Undecided(f"signal {-run.status} ended it before it had decided")
        assert run.status in {int(status) for status in limits.good}, (
            f"exit status {run.status}; needed: {needed}{_told(run.tail)}"
        )


def _told(tail: str) -> str:
    """The last line of what it wrote."""
    last = tail.strip().splitlines()[-1:] or [""]
    return f": {last[0][:200]}" if last[0] else ""
