"""Names of backups, and the dates in them: `%Y/%m/db-%Y%m%d.sql.gz`, `backup-{date:%Y%m%d}.sql.gz`, `%Y%m%d_%H%M%S/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cached_property

UNITS = "YmdHMS"
_DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_LENGTH = {
    "d": timedelta(days=1),
    "H": timedelta(hours=1),
    "M": timedelta(minutes=1),
    "S": timedelta(seconds=1),
}
_ANY = "[^/]"
_PART = re.compile(r"\{date:([^{}]*)\}|%(.)|(\*)|([^%*{]+|[{%])", re.S)


@dataclass(frozen=True)
class Named:
    """The time that a name tells: a day, an hour, a second; from `begins` up to `ends`, in UTC."""

    begins: datetime
    ends: datetime
    text: str


@dataclass(frozen=True)
class Dated:
    """A pattern of names. Where a unit stands twice, the last one counts: the name itself, not the folder.

    A pattern that ends with `/` is a folder: everything below it is one backup.
    """

    pattern: str
    prefix: str
    regex: str
    units: str
    places: tuple[
        str, ...
    ] = ()  # an expression for each character of a name; `*` is one that may stand often

    @property
    def folder(self) -> bool:
        return self.pattern.endswith("/")

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, re.S)

    def fitting(self, name: str) -> str:
        """The part of a name that the pattern describes, which is the whole of it but for folders; empty: none."""
        match = self._compiled.match(name)
        return match[0] if match and self._date(match) is not None else ""

    def may_begin(self, start: str) -> bool:
        """Whether a name that fits could begin so, whatever its date."""
        reached = self._onward({0})
        for letter in start:
            reached = self._onward(
                {
                    place + (self.places[place] != _ANY)
                    for place in reached
                    if place < len(self.places) and re.fullmatch(self.places[place], letter, re.S)
                }
            )
            if not reached:
                return False
            if self.folder and len(self.places) in reached:
                return True  # anything may lie below it
        return True

    def _onward(self, reached: set[int]) -> set[int]:
        """With the places behind what may be nothing."""
        for place in sorted(reached):
            while place < len(self.places) and self.places[place] == _ANY:
                place += 1
                reached.add(place)
        return reached

    def named(self, name: str, zone: tzinfo = timezone.utc) -> Named | None:
        """The time in a name, as clocks in that zone show it; None for a name that does not fit."""
        match = self._compiled.match(name)
        local = self._date(match) if match else None
        if local is None:
            return None
        try:
            # A time that a change of clocks repeats may be either; one that it skips is the later.
            ends = local + _LENGTH[self.units[-1]]
            early, late = (
                time.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)
                for time, fold in ((local, 0), (ends, 1))
            )
        except OverflowError:
            return None
        text = f"{local:%Y-%m-%d}" + (f" {local:%H:%M:%S}" if len(self.units) > 3 else "")
        return Named(min(early, late), late, text)

    def _date(self, match: re.Match[str]) -> datetime | None:
        numbers = {unit: int(text) for unit, text in match.groupdict().items()}
        try:
            return datetime(*(numbers.get(unit, 0) for unit in UNITS))  # type: ignore[arg-type]
        except ValueError:
            return None


def dated(pattern: str) -> Dated:
    """Read a pattern.

    Raises:
        ValueError: it has no whole date, or something that is not understood.
    """
    parts = list(_parts(pattern))
    units = "".join(unit for unit in UNITS if unit in {name for name, _ in parts})
    if not units.startswith("Ymd") or not UNITS.startswith(units):
        raise ValueError(f"{pattern!r} has no whole date; write it like db-%Y%m%d.sql.gz or %Y%m%d_%H%M%S/")
    last = {name: index for index, (name, _) in enumerate(parts)}
    regex = "".join(_regex(name, text, named=last[name] == index) for index, (name, text) in enumerate(parts))
    ends = "" if pattern.endswith("/") else r"\Z"
    literal = [text for name, text in parts[: next(i for i, (name, _) in enumerate(parts) if name)]]
    places = [place for name, text in parts for place in _places(name, text)]
    return Dated(pattern, "".join(literal), regex + ends, units, tuple(places))


def _parts(pattern: str) -> list[tuple[str, str]]:
    """Units by their letter, `*`, and literal text, which has no name."""
    found: list[tuple[str, str]] = []
    for inside, letter, star, text in _PART.findall(pattern):
        if inside:
            found += _parts(inside)
        elif letter in _DIGITS or star:
            found.append((letter or star, ""))
        elif letter == "%" or text not in {"", "{", "%"}:
            found.append(("", letter or text))
        else:
            known = ", ".join(f"%{unit}" for unit in UNITS)
            raise ValueError(f"{pattern!r}: only {known}, {{date:...}} and * are understood")
    return found


def _places(name: str, text: str) -> list[str]:
    if name == "*":
        return [_ANY]
    return ["[0-9]"] * _DIGITS[name] if name else [re.escape(letter) for letter in text]


def _regex(name: str, text: str, *, named: bool) -> str:
    if name == "*":
        return f"{_ANY}*"
    if not name:
        return re.escape(text)
    digits = f"[0-9]{{{_DIGITS[name]}}}"
    return f"(?P<{name}>{digits})" if named else digits
