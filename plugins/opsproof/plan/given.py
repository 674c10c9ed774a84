"""What a run is given by its caller: `--set version=v1.2.3`, for names that are declared `from: run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from opsproof.environment.environment import Environment
from opsproof.environment.from_run import FromRun
from opsproof.environment.problems import choices


class Given(msgspec.Struct, frozen=True):
    """Values by name. `recorded` ones are those of the run that is replayed: they are taken as they stand."""

    values: Mapping[str, str] = {}
    recorded: bool = False
    problems: tuple[str, ...] = ()


NOTHING_GIVEN = Given()


def parse_given(texts: Iterable[str]) -> Given:
    """What `--set` says."""
    pairs = [(name.strip(), sign, value) for name, sign, value in (text.partition("=") for text in texts)]
    problems = [
        f"--set {name}: write it like version=v1.2.3" for name, sign, _ in pairs if not (name and sign)
    ]
    often = Counter(name for name, _, _ in pairs)
    problems += [f"--set {name}: it is set {count} times" for name, count in often.items() if count > 1]
    return Given({name: value for name, sign, value in pairs if name and sign}, problems=tuple(problems))


def provided(chosen: Sequence[Environment], given: Given) -> tuple[list[Environment], list[str]]:
    """The environments with what the run gives them, and what is wrong with that."""
    wanted = {
        name: value
        for one in chosen
        for name, value in one.names.values.items()
        if isinstance(value, FromRun)
    }
    problems = list(given.problems)
    if not given.recorded:
        problems += [
            f"--set {name}={value}: {why}"
            for name, value in given.values.items()
            if (why := _refused(name, value, wanted))
        ]
    return [replace(one, names=one.names.given(given.values)) for one in chosen], problems


def _refused(name: str, value: str, wanted: Mapping[str, FromRun]) -> str:
    if name not in wanted:
        return f"no name that a run gives (from: run) is called {name}; {choices(name, wanted)}"
    return wanted[name].refuses(value)
