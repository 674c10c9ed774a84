"""What broke a YAML file: the line of the mistake itself, and what is wanted there.

A parser names the place where it could not go on, which is often the line after the mistake.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

_TIGHT = re.compile(r"(?:- +)*(?P<key>[A-Za-z_][\w.-]*):(?P<value>[^\s/:\\].*)")
_ITEM = re.compile(r"(?:- +)*")
_KEYED = re.compile(r"(?:- +)*(?P<key>[^\s:#\"'\[{][^:#]*|\"[^\"]*\"|'[^']*'):(?:\s|$)")
_VALUED = re.compile(_KEYED.pattern + r"\s*[^\s#|>&]")
_FAR = 50  # lines
_CLOSES = {"[": "]", "{": "}"}
_QUOTABLE = frozenset("*%@`&!|>[]{},")


class Mistake(msgspec.Struct, frozen=True):
    """A place, counted from 1, what is wrong there, and what to write."""

    line: int
    column: int
    message: str
    hint: str = ""


def mistake(text: str, error: yaml.YAMLError) -> Mistake:
    """Where the mistake behind a parser's error is."""
    problem, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if problem is None and context is None:
        where = int(getattr(error, "position", 0) or 0)
        line, column = text.count("\n", 0, where), where - (text.rfind("\n", 0, where) + 1)
        return Mistake(line + 1, column + 1, "a character that YAML does not allow")
    return _Lines(text.splitlines(), problem or context, context, error).mistake()


def spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count} spaces"


class _Lines(msgspec.Struct, frozen=True):
    """A file's lines, and where the parser stopped (`at`) within what it had begun (`begun`)."""

    lines: Sequence[str]
    at: Any
    begun: Any
    error: yaml.YAMLError

    def mistake(self) -> Mistake:
        said, doing = (
            str(getattr(self.error, "problem", "") or ""),
            str(getattr(self.error, "context", "") or ""),
        )
        found = self._tab()
        if found is None and "quoted scalar" in doing:
            found = self._open_quote()
        if found is None and "flow" in doing:
            found = self._open_bracket()
        if found is None and "simple key" in doing:
            found = self._no_colon(self.begun.line)
        if found is None and "mapping values" in said:
            found = self._second_colon() or self._tight_above() or self._one_line_off() or self._too_deep()
        if found is None and "document start" in said:
            found = self._first_too_deep()
        if found is None and "block" in doing:
            found = (
                self._closed_late() or self._closed_twice() or self._one_line_off() or self._fits_no_level()
            )
        return found or self._as_told(said)

    def _line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else ""

    def _tab(self) -> Mistake | None:
        line = self._line(self.at.line)
        margin = line[: len(line) - len(line.lstrip())]
        if "\t" not in margin and line[self.at.column : self.at.column + 1] != "\t":
            return None
        column = margin.index("\t") if "\t" in margin else self.at.column
        return Mistake(self.at.line + 1, column + 1, "a tab where YAML wants spaces", "indent with spaces")

    def _open_quote(self) -> Mistake:
        quote = self._line(self.begun.line)[self.begun.column]
        return self._at(
            self.begun, f"the quote {quote} that begins here is not closed", f"end the value with {quote}"
        )

    def _open_bracket(self) -> Mistake | None:
        opening = self._line(self.begun.line)[self.begun.column : self.begun.column + 1] if self.begun else ""
        closing = _CLOSES.get(opening)
        if closing is None:
            return self._last_bracket()
        if self.at.line > self.begun.line:
            return self._at(
                self.begun, f"the {opening} that begins here is not closed", f"end it with {closing}"
            )
        wanted = f"a comma or {closing} is missing before this"
        return self._at(self.at, wanted, f"separate what is within {opening}{closing} by commas")

    def _last_bracket(self) -> Mistake | None:
        """The end of the file came where a value was wanted: the last line with a bracket left it open."""
        above = self._above(self.at.line)
        opened = re.search(r"[\[{][^\]}]*$", self._line(above)) if above is not None else None
        if above is None or opened is None or self.at.line < len(self.lines):
            return None
        opening = opened[0][0]
        wrong = f"the {opening} that begins here is not closed"
        return Mistake(above + 1, opened.start() + 1, wrong, f"end it with {_CLOSES[opening]}")

    def _no_colon(self, number: int) -> Mistake | None:
        tight = self._tight(number)
        if tight is not None:
            return tight
        line = self._line(number)
        word = line[_indent(line) :].strip()
        if not word or word[0] in _QUOTABLE:
            return None
        return Mistake(number + 1, _indent(line) + 1, "no colon after this key", "write it like key: value")

    def _tight_above(self) -> Mistake | None:
        above = self._above(self.at.line)
        return None if above is None else self._tight(above)

    def _tight(self, number: int) -> Mistake | None:
        line = self._line(number)
        match = _TIGHT.match(line.strip())
        if match is None or _KEYED.match(line.strip()):
            return None
        column = line.index(":") + 1
        return Mistake(
            number + 1, column, "no space after the colon", f"write {match['key']}: {match['value']}"[:80]
        )

    def _second_colon(self) -> Mistake | None:
        line = self._line(self.at.line)
        key = _KEYED.match(line, _indent(line))
        if key is None or key.end("key") >= self.at.column:
            return None
        value = len(line) - len(line[key.end() :].lstrip())
        wrong = "a value with a colon and a space in it"
        return Mistake(self.at.line + 1, value + 1, wrong, "put the value in quotes")

    def _too_deep(self) -> Mistake | None:
        """A key below one that has its value already."""
        line, above = self._line(self.at.line), self._above(self.at.line)
        if above is None:
            return None
        key = _KEYED.match(self._line(above).strip())
        level = _level(self._line(above))
        if key is None or _indent(line) <= level:
            return None
        return Mistake(
            self.at.line + 1, _indent(line) + 1,
            f"indented by {spaces(_indent(line))}, below {key['key']}, which has a value already",
            f"indent it by {spaces(level)}",
        )  # fmt: skip

    def _one_line_off(self) -> Mistake | None:
        """A line between two that are alike: it has a value, so that what is below it cannot be its own."""
        indent, above = _indent(self._line(self.at.line)), self._above(self.at.line)
        if (
            above is None
            or _level(self._line(above)) >= indent
            or not _VALUED.match(self._line(above).strip())
        ):
            return None
        before = self._above(above)
        while before is not None and _level(self._line(before)) > indent:
            before = self._above(before)
        if before is None or _level(self._line(before)) != indent:
            return None
        off = _indent(self._line(above))
        wrong = f"indented by {spaces(off)}, between lines that are indented by {indent}"
        return Mistake(above + 1, off + 1, wrong, f"indent it by {spaces(indent)}")

    def _first_too_deep(self) -> Mistake | None:
        """The first line is indented, and others of its kind are not."""
        for number in range(self.at.line):
            line = self._line(number)
            if line.strip() and not line.lstrip().startswith("#"):
                wrong = f"indented by {spaces(_indent(line))}, unlike line {self.at.line + 1}"
                return (
                    Mistake(number + 1, _indent(line) + 1, wrong, "do not indent it")
                    if _indent(line)
                    else None
                )
        return None

    def _closed_late(self) -> Mistake | None:
        """A quote that was forgotten above takes the next one for its end."""
        before = self._line(self.at.line)[: self.at.column]
        for quote in (one for one in "\"'" if one in before):
            for number in range(self.at.line - 1, max(-1, self.at.line - _FAR), -1):
                line = self._line(number)
                begins = re.search(rf"(?::|-) +({quote})", line)
                if begins and line.count(quote) % 2:
                    wrong = f"the quote {quote} that begins here is not closed"
                    return Mistake(number + 1, begins.start(1) + 1, wrong, f"end the value with {quote}")
        return None

    def _closed_twice(self) -> Mistake | None:
        here = self._line(self.at.line)[self.at.column : self.at.column + 1]
        if here and here in "]}":
            return self._at(self.at, f"a {here} that closes nothing", "take it away")
        return None

    def _fits_no_level(self) -> Mistake | None:
        line = self._line(self.at.line)
        indent = _indent(line)
        if self.at.column > indent or not line.strip():
            return None
        levels = self._levels(self.at.line, indent)
        if indent in levels:
            item = line.lstrip().startswith("- ")
            return (
                self._at(self.at, "a list item among keys", "write a key, or indent the list")
                if item
                else None
            )
        fits = " or ".join(map(str, levels))
        return Mistake(
            self.at.line + 1, indent + 1,
            f"indented by {spaces(indent)}, which fits nothing above it",
            f"indent it by {fits} spaces" if levels not in ([0], [1]) else f"indent it by {spaces(levels[0])}",
        )  # fmt: skip

    def _levels(self, number: int, indent: int) -> list[int]:
        """The indentations next to `indent` of what stands above a line: the nearest deeper, and the nearest less deep."""
        deeper: int | None = None
        for above in range(number - 1, -1, -1):
            line = self._line(above)
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            for level in sorted({_indent(line), _level(line)}, reverse=True):
                if level > indent:
                    deeper = level if deeper is None or level < deeper else deeper
                if level <= indent:
                    return [level] if deeper is None or level == indent else [level, deeper]
        return [0] if deeper is None else [deeper]

    def _above(self, number: int) -> int | None:
        """The nearest line above that says something."""
        for above in range(number - 1, -1, -1):
            line = self._line(above).strip()
            if line and not line.startswith("#"):
                return above
        return None

    def _as_told(self, said: str) -> Mistake:
        here = self._line(self.at.line)[self.at.column :]
        hint = (
            'a value that begins with this character needs "quotes"' if here[:1] in _QUOTABLE and here else ""
        )
        return self._at(self.at, f"not valid YAML: {said or 'cannot be read'}", hint)

    @staticmethod
    def _at(mark: Any, message: str, hint: str) -> Mistake:
        return Mistake(mark.line + 1, mark.column + 1, message, hint)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _level(line: str) -> int:
    """Where a line's key stands: behind the dashes of list items."""
    indent = _indent(line)
    items = _ITEM.match(line[indent:])
    return indent + (items.end() if items else 0)
