"""python -m tests.benchmarks: opsproof against raw reading, kubectl and the client's models, side by side."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import contenders, world
from tests.benchmarks.contenders import Arena
from tests.benchmarks.measure import Sample, Series
from tests.benchmarks.page import Figures, Size, page, table
from tests.testbed import kubernetes, process
from tests.testbed import kubernetes_servers as servers
from tests.testbed.kubernetes_api import admin

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
_SLOW = {contenders.MODELS, contenders.KUBECTL}  # minutes each: executed less often


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    wanted = _parser().parse_args(arguments)
    sizes = wanted.pods or ([200] if wanted.quick else [1000, 10000])
    rounds = 1 if wanted.quick else wanted.rounds
    with tempfile.TemporaryDirectory() as scratch, quiet_cluster(keep=wanted.keep) as passing:
        figures = Figures(rounds, *_demo(Path(scratch), rounds))
        for pods in sizes:
            # What goes with the cluster need not be deleted, which takes minutes.
            with crowded(pods, keep=wanted.keep or (passing and pods == sizes[-1])):
                figures.sizes.append(_size(Path(scratch), pods, rounds))
            say(table(figures.sizes[-1]))
    if wanted.page:
        wanted.page.write_text(page(figures, wanted.page.read_text() if wanted.page.exists() else ""))
        say(f"written: {wanted.page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
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
    measured = _rounds(
        {
            contenders.BARE: lambda: contenders.bare(folder, tests),
            contenders.DEMO: lambda: contenders.demo(folder),
        },
        rounds,
    )
    return measured[contenders.DEMO], measured[contenders.BARE], tests


def _size(scratch: Path, pods: int, rounds: int) -> Size:
    arena = Arena.at(scratch / str(pods), pods)
    arena.opsproof()  # compiles, and says what there is to read
    problems = arena.problems()
    if problems:
        say(f"{pods} pods: not as it should be: {', '.join(problems)}")
    return Size(pods, _rounds(arena.contenders(), rounds), problems)


def _rounds(contestants: dict[str, Callable[[], Sample]], rounds: int) -> dict[str, Series]:
    """In turn, so that whatever else the machine does falls on all of them."""
    measured = {name: Series(name) for name in contestants}
    for number in range(rounds):
        for name, execute in contestants.items():
            if name in _SLOW and number * 3 >= max(rounds, 3):
                continue
            sample = execute()
            measured[name].samples.append(sample)
            say(f"  {name}: {sample.wall:.2f} s, CPU {sample.cpu:.2f} s, {sample.rss:.0f} MB")
    return measured


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
