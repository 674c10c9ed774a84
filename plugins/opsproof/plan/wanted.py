"""Which environments a run is for: named by `--env`, the ini setting's, or the only one there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import msgspec

from opsproof.environment.index import Index

_LISTED = 20


class Choice(msgspec.Struct, frozen=True):
    """The ids of the environments, and what is wrong with the wish."""

    ids: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """Which environments: `system/environment`, or a name that several systems share; else the default."""

    named: tuple[str, ...]
    default: str = ""

    @classmethod
    def of(cls, named: Sequence[str], default: str) -> Wanted:
        return cls(tuple(named), default)

    def choose(self, index: Index) -> Choice:
        """By the names of files alone; all of them are listed only to say what there is."""
        named = self.named or ((self.default,) if self.default else ())
        if not named:
            ids = index.ids()
            problem = f"which environment? give --env, or set opsproof_environment; {_there_are(ids)}"
            return Choice(ids) if len(ids) == 1 else Choice(problems=(problem,))
        found = {name: index.named(name) for name in named}
        ids = tuple(dict.fromkeys(one for some in found.values() for one in some))
        lost = [name for name, some in found.items() if not some]
        return Choice(ids, tuple(_unknown(lost, index.ids()) if lost else ()))


def _unknown(lost: Sequence[str], ids: Sequence[str]) -> Iterator[str]:
    words = [*ids, *dict.fromkeys(one.rpartition("/")[2] for one in ids)]
    for name in lost:
        near = get_close_matches(name, words, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        yield f"--env {name}: no such environment{hint} {_there_are(ids)}"


def _there_are(ids: Sequence[str]) -> str:
    if not ids:
        return "there are: none: add checks/systems/<system>/environments/<name>.yaml"
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"there are: {', '.join(ids[:_LISTED])}{more}"
