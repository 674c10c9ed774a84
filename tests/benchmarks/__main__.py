"""python -m tests.benchmarks: opsproof against raw reading, kubectl and the client's models, side by side."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.benchmarks import contenders, failing, hanging, start, world
from tests.benchmarks.contenders import Arena
from tests.benchmarks.measure import Series, in_turn, say
from tests.benchmarks.page import Figures, Size, demo_goals, demo_table, page, table
from tests.benchmarks.part import Measuring, Part, goal_table
from tests.testbed import kubernetes, process
from tests.testbed import kubernetes_servers as servers
from tests.testbed.kubernetes_api import admin

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
PARTS: Mapping[str, Measuring] = {
    "help": start.help_text,
    "plugin": start.plugin,
    "plan": start.plan,
    "hanging": hanging.measure,
    "failing": failing.measure,
    "page": failing.page,
}
DEMO, PODS = "demo", "pods"
_SLOW = {contenders.MODELS, contenders.KUBECTL}  # minutes each: executed less often


def main(arguments: Sequence[str]) -> int:
    wanted = _parser().parse_args(arguments)
    rounds = 1 if wanted.quick else wanted.rounds
    with tempfile.TemporaryDirectory() as name, ExitStack() as standing:
        scratch = Path(name)
        parts = [_part(scratch, each, rounds) for each in PARTS if each in wanted.only]
        demo = _demo(scratch, rounds) if DEMO in wanted.only else None
        sizes = _sizes(standing, scratch, wanted, rounds) if PODS in wanted.only else []
        if demo is None or not sizes or len(parts) < len(PARTS):
            say("only a part: no page is written")
            return 0
        # Before the cluster is tidied, which takes longer than measuring did.
        figures = Figures(rounds, *demo, sizes, parts)
        wanted.page.write_text(page(figures, wanted.page.read_text() if wanted.page.exists() else ""))
        say(f"written: {wanted.page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = (*PARTS, DEMO, PODS)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=names,
        default=names,
        metavar="PART",
        help=f"print these parts, and write no page: {', '.join(names)}",
    )
    parser.add_argument("--pods", type=int, nargs="+", help="sizes of the namespaces (1000 10000)")
    parser.add_argument("--rounds", type=int, default=5, help="executions of each contender (5)")
    parser.add_argument("--quick", action="store_true", help="200 pods, everything once")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave the namespaces for the next time (the testbed takes their nodes for a fault)",
    )
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write (docs/performance.md)")
    return parser


def _part(scratch: Path, name: str, rounds: int) -> Part:
    say(f"{name}:")
    part = PARTS[name](scratch / name, rounds)
    say(f"\n{part.section}\n\n{goal_table(part.goals)}\n")
    return part


def _sizes(standing: ExitStack, scratch: Path, wanted: argparse.Namespace, rounds: int) -> list[Size]:
    """The last namespace and the cluster stay for as long as `standing` does."""
    *first, last = wanted.pods or ([200] if wanted.quick else [1000, 10000])
    passing = standing.enter_context(quiet_cluster(keep=wanted.keep))
    found = []
    for pods in first:
        with crowded(pods, keep=wanted.keep):
            found.append(_size(scratch, pods, rounds))
    # What goes with the cluster need not be deleted, which takes minutes.
    standing.enter_context(crowded(last, keep=wanted.keep or passing))
    return [*found, _size(scratch, last, rounds)]


@contextmanager
def quiet_cluster(*, keep: bool) -> Iterator[bool]:
    """The testbed's cluster without metrics-server, which would measure all those containers every 2 s.

    Yields whether it was started for this, and goes down at the end.
    """
    passing = process.running("kube-apiserver") is None and not keep
    if process.running("kube-apiserver") is None:
        kubernetes.up(say)
    process.stop("metrics-server")
    try:
        yield passing
    finally:
        if passing:
            kubernetes.down()
        else:
            servers.start_metrics_server()
            if not keep:
                kubernetes.reset()


@contextmanager
def crowded(pods: int, *, keep: bool) -> Iterator[None]:
    api = admin()
    if not world.exists(api, pods):
        world.create(api, pods, say)
    try:
        yield
    finally:
        if not keep:
            # A namespace does not end while one of the APIs is away.
            servers.start_metrics_server()
            world.remove(api, pods, say)
            process.stop("metrics-server")


def _demo(scratch: Path, rounds: int) -> tuple[Series, Series, int]:
    folder = scratch / "demo"
    folder.mkdir()
    contenders.demo(folder)  # compiles
    tests = contenders.demo_items(folder)
    contenders.bare(folder, tests)
    measured = in_turn(
        {
            contenders.BARE: lambda: contenders.bare(folder, tests),
            contenders.DEMO: lambda: contenders.demo(folder),
        },
        rounds,
    )
    demo, bare = measured[contenders.DEMO], measured[contenders.BARE]
    say(f"{demo_table(demo, bare, tests)}\n\n{goal_table(demo_goals(demo, bare))}\n")
    return demo, bare, tests


def _size(scratch: Path, pods: int, rounds: int) -> Size:
    arena = Arena.at(scratch / str(pods), pods)
    arena.opsproof()  # compiles, and says what there is to read
    problems = arena.problems()
    if problems:
        say(f"{pods} pods: not as it should be: {', '.join(problems)}")
    size = Size(pods, in_turn(arena.contenders(), rounds, _SLOW), problems)
    say(table(size))
    return size


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
