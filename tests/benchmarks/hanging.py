"""A server that never answers, beside four that do: when has the last of the others answered?"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.run import open_run
from opsproof.evidence.store import Recorded
from tests.benchmarks import contenders, system
from tests.benchmarks.measure import Sample, in_turn, run
from tests.benchmarks.part import Goal, Part
from tests.hooks.team import Shop

_SERVERS, _PAGES, _HUNG = 4, 24, 96  # that answer, pages of each, pages of the one that hangs
_TAKES = 0.2  # seconds that an answer takes
_ALONE, _BESIDE = "alone", "beside one that hangs"
_TEXT = f"""\
{_SERVERS} local servers answer {_PAGES} requests each, after {_TAKES:g} s, four at a time. Beside them {_HUNG} pages are
asked for of a server that takes connections and never answers (probes, so that nobody gives up on it; its budget lets
each wait for 2 s). Measured is when the last of the others' answers came, from the first request on."""


def measure(folder: Path, rounds: int) -> Part:
    with ExitStack() as stack:
        shops = [stack.enter_context(Shop(takes=_TAKES)) for _ in range(_SERVERS)]
        silent = stack.enter_context(_silence())
        _write(folder, [shop.url.removeprefix("http://") for shop in shops], silent)
        found = in_turn(
            {_ALONE: lambda: _answered(folder, "WE-"), _BESIDE: lambda: _answered(folder, "WE- or HU-")},
            rounds,
            compiles=True,
        )
    rows = ["| | last of the healthy answers after s |", "|---|---:|"]
    for name, series in found.items():
        least, most = series.spread(_last)
        rows.append(f"| {name} | {series.median(_last):.2f} ({least:.2f}-{most:.2f}) |")
    ratio = found[_BESIDE].median(_last) / found[_ALONE].median(_last)
    goal = Goal("healthy targets beside one that hangs, against alone: their last answer", ratio, 1.1)
    return Part("A target that hangs", (goal,), "\n".join([_TEXT, "", *rows]))


def _last(sample: Sample) -> float:
    return float(sample.stages["last"])


@contextmanager
def _silence() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def _write(folder: Path, addresses: list[str], silent: str) -> None:
    system.copied(folder)
    names = {f"web-{number}": address for number, address in enumerate(addresses)}
    rows = {f"WE-{number:03}": _row(name, _PAGES) for number, name in enumerate(names)}
    targets: dict[str, object] = {name: _target(name, address, "30s") for name, address in names.items()}
    system.written(
        folder,
        names={},
        rows={**rows, "HU-000": _row("hung", _HUNG)},
        environments={"big": {**targets, "hung": _target("hung", silent, "2s")}},
    )


def _row(name: str, pages: int) -> Mapping[str, object]:
    return {
        "says": f"Every page of {name} answers",
        "checks": ["health/http-endpoint"],
        "on": [name],
        "cadence": ["daily"],
        "level": "high",
        "scope": {"urls": [f"http://{name}.example.com/{number}" for number in range(pages)]},
        "limits": {"probes": 1},
    }


def _target(name: str, address: str, deadline: str) -> Mapping[str, object]:
    budget = {"in_flight": 4, "rate": 200, "deadline": deadline}
    return {"kind": "http", "connect_to": {f"{name}.example.com:80": address}, "budget": budget}


def _answered(folder: Path, selected: str) -> Sample:
    """A run, and when the last answer of a server that answers came in it."""
    command = [*contenders.daily(), "-k", selected]
    sample = run(command, folder, env=contenders.shell(folder), good=contenders.DECIDED)
    facts = sorted((open_run(folder / "reports" / "latest").folder / "facts").iterdir())
    kept = [msgspec.json.decode(plain.unpacked(one), type=Recorded) for one in facts]
    began = min(one.asked for one in kept)
    healthy = [one.answered for one in kept if b"//web-" in bytes(one.ask)]
    return replace(sample, stages={"last": (max(healthy) - began).total_seconds()})
