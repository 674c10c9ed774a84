"""YAML that means what is written, with the position of every key and value.

Plain (unquoted) scalars are read like this, everything else is text exactly as written:

| written | meaning |
|---|---|
| `true`, `false` | booleans |
| `null`, `~`, nothing | no value |
| `0`, `12`, `-3` | whole numbers |
| `0.5`, `-1.25` | numbers, if printing the number gives the same digits |
| `yes`, `no`, `on`, `off`, `y`, `n`, `True`, `NULL` | refused: readers disagree |
| `010`, `1_000`, `0x1F`, `1e3`, `+5`, `.5`, `1.`, `.inf` | refused: readers disagree |
| `1.10` | refused: a digit gets lost |
| `1:30`, `06:00:00` | refused: base 60 to some readers |
| `2026-01-31`, `2026-01-31T08:00:00Z` | text; who needs a moment reads it |

Keys are always text as written (`on:` and `5432:` too). Duplicate keys, merge keys (`<<`), tags (`!!str`),
several documents in one file and keys that are not text are refused. Anchors and aliases are allowed,
within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from opsproof.environment.problems import Problem, place, short
from opsproof.environment.syntax import mistake
from opsproof.model.requirement import Position, Positions, Steps

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST_FILE = 8 * 2**20
DEEPEST = 40
MOST_VALUES = 200_000

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,19}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_NUMBERLIKE = re.compile(
    r"[-+]?(?=\.?[0-9])[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9_]*)?|[-+]?0[xob][0-9a-fA-F_]+|[-+]?\.(inf|nan)",
    re.IGNORECASE,
)
_TIGHT = re.compile(r"([A-Za-z_][\w-]*):([^\s/:\\]\S*)")  # a key and its value without a space between
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n"}
_NUMBER_BEGINS = frozenset("+-.0123456789")


class Refused(ValueError):
    """A plain scalar that readers of YAML disagree about. `hint` says how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def scalar(text: str) -> Any:
    """A plain scalar's value: None, bool, int, float or the text itself.

    Raises:
        Refused: readers of YAML disagree about it.
    """
    if text in {"", "~", "null"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if text.lower() in _WORDS:
        raise Refused(f"{text} is a boolean to some readers", f'write true or false, or "{text}" in quotes')
    if text.lower() == "null":
        raise Refused(f"{text} is no value to some readers", f'write null, or "{text}" in quotes')
    return _number_or_text(text) if text[0] in _NUMBER_BEGINS else text


def _number_or_text(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    if _NUMBERLIKE.fullmatch(text) or _BASE_60.fullmatch(text):
        raise Refused(f"{short(text)[1:-1]} is read differently by different readers", _number_hint(text))
    return text


def _number_hint(text: str) -> str:
    if ":" in text:
        return f'write "{text}" in quotes; a duration is written like 90s or 1h30m'
    try:
        plain = (
            float(text.replace("_", ""))
            if not re.match(r"[-+]?0[xob]", text, re.IGNORECASE)
            else int(text, 0)
        )
    except ValueError:
        return f'write "{text}" in quotes'
    digits = repr(int(plain)) if plain == plain and abs(plain) < 1e16 and plain == int(plain) else repr(plain)
    good = _WHOLE.fullmatch(digits) or _DECIMAL.fullmatch(digits)
    return f'write {digits}, or "{text}" in quotes' if good else f'write "{text}" in quotes'


class Document(msgspec.Struct, frozen=True):
    """A file's content: plain dicts, lists and scalars, the position of each, and the refused paths."""

    value: Any
    positions: Positions
    refused: frozenset[Steps] = frozenset()

    def damaged(self, path: Steps) -> bool:
        """Whether something at, above or below `path` was refused: errors there are only consequences."""
        return any(path[: len(bad)] == bad or bad[: len(path)] == path for bad in self.refused)


def read(file: Path) -> tuple[Document | None, list[Problem]]:
    """Read one file whose top is a mapping. Never raises for what the file holds.

    Returns:
        The document, or None when nothing of it is usable; and all problems found.
    """
    start = Position(file)
    text = _text(file)
    if isinstance(text, Problem):
        return None, [text]
    try:
        node = _Composer(file, _events(text)).document()
    except _Bad as error:
        return None, [error.problem]
    except yaml.YAMLError as error:
        return None, [_syntax(file, text, error)]
    if node is None or (node.plain and not node.text):
        return None, [Problem.at(start, "the file is empty")]
    if node.pairs is None:
        return None, [Problem.at(Position(file, *node.at), "the file must hold a mapping of keys to values")]
    maker = _Maker(file)
    try:
        value = maker.make(node, ())
    except _Bad as error:
        return None, [error.problem]
    return Document(
        value, Positions(file, maker.values, maker.keys), frozenset(maker.refused)
    ), maker.problems


def _events(text: str) -> Iterator[yaml.Event]:
    """What `yaml.parse` gives, without looking at each event twice."""
    events: Iterator[yaml.Event] = iter(_LOADER(text).get_event, None)
    return events


def _text(file: Path) -> str | Problem:
    start = Position(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        return Problem.at(start, f"the file cannot be read: {error.strerror or type(error).__name__}")
    if len(content) > LARGEST_FILE:
        return Problem.at(start, f"the file is larger than {LARGEST_FILE // 2**20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        return Problem(
            file, line, column, f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        )


def _syntax(file: Path, text: str, error: yaml.YAMLError) -> Problem:
    found = mistake(text, error)
    if "nesting depth" in str(
        getattr(error, "problem", "")
    ):  # PyYAML 6.0.4 and later have a bound of their own
        return Problem(file, found.line, found.column, f"nested deeper than {DEEPEST} levels")
    return Problem(file, found.line, found.column, found.message, found.hint)


class _Bad(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Node:
    """A scalar, or with `items` a list, or with `pairs` a mapping. `at` is its line and column."""

    __slots__ = ("at", "items", "pairs", "plain", "text")

    def __init__(self, at: tuple[int, int], text: str = "", plain: bool = False) -> None:
        self.at = at
        self.text = text
        self.plain = plain
        self.items: list[_Node] | None = None
        self.pairs: list[tuple[_Node, _Node]] | None = None


class _Composer:
    """Events to nodes. PyYAML's own composer recurses in C without a bound."""

    def __init__(self, file: Path, events: Iterator[yaml.Event]) -> None:
        self.file = file
        self.events = events
        self.anchors: dict[str, _Node] = {}

    def document(self) -> _Node | None:
        found: _Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found is not None:
                    raise self._bad(event, "a second document in one file", "keep one document per file")
                found = self._node(next(self.events), 0)
        return found

    def _bad(self, event: Any, message: str, hint: str = "") -> _Bad:
        return _Bad(Problem.at(Position(self.file, *_place(event)), message, hint))

    def _node(self, event: Any, depth: int) -> _Node:
        kind = type(event)
        if kind is yaml.AliasEvent:
            if event.anchor not in self.anchors:
                raise self._bad(event, f"alias *{event.anchor} has no anchor above it, or lies within it")
            return self.anchors[event.anchor]
        if depth > DEEPEST:
            raise self._bad(event, f"nested deeper than {DEEPEST} levels")
        if event.tag is not None and event.tag != "!":
            raise self._bad(event, f"tag {short(event.tag)} is not read", "leave the tag away; quote text")
        if kind is yaml.ScalarEvent:
            node = _Node(_place(event), event.value, event.implicit[0])
        elif kind is yaml.SequenceStartEvent:
            node = _Node(_place(event))
            node.items = [self._node(one, depth + 1) for one in self._until(yaml.SequenceEndEvent)]
        else:
            node = _Node(_place(event))
            node.pairs = [
                (self._node(key, depth + 1), self._node(next(self.events), depth + 1))
                for key in self._until(yaml.MappingEndEvent)
            ]
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self.events:
            if type(event) is end:
                return
            yield event


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


class _Maker:
    """Nodes to values, with the position of each path and all problems."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values: dict[Steps, tuple[int, int]] = {}
        self.keys: dict[Steps, tuple[int, int]] = {}
        self.refused: set[Steps] = set()
        self.problems: list[Problem] = []

    def make(self, node: _Node, path: Steps) -> Any:
        if len(self.values) >= MOST_VALUES:
            raise _Bad(self._problem(node, f"more than {MOST_VALUES} values once the aliases are expanded"))
        self.values[path] = node.at
        if len(path) > DEEPEST:
            raise _Bad(self._problem(node, f"nested deeper than {DEEPEST} levels"))
        if node.items is not None:
            return [self.make(item, (*path, index)) for index, item in enumerate(node.items)]
        if node.pairs is not None:
            return self._mapping(node.pairs, path)
        return self._scalar(node, path)

    def _mapping(self, pairs: list[tuple[_Node, _Node]], path: Steps) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in pairs:
            below: Steps = (*path, key.text)
            if self._good_key(key, below, value):
                self.keys[below] = key.at
                made[key.text] = self.make(value, below)
        return made

    def _good_key(self, key: _Node, path: Steps, value: _Node) -> bool:
        message, hint = "", ""
        if key.items is not None or key.pairs is not None:
            message, hint = "a key must be text", ""
        elif key.plain and key.text in {"", "~", "null"}:
            message, hint = "a key is missing before the colon", ""
        elif key.plain and key.text == "<<":
            message, hint = "merge keys (<<) are not read", "repeat the keys; an environment can say `like`"
        elif key.plain and value.plain and not value.text and (tight := _TIGHT.fullmatch(key.text)):
            message, hint = "no space after the colon", f"write {tight[1]}: {tight[2]}"
        elif path in self.keys:
            first = place(Position(self.file, *self.keys[path]))
            message, hint = f"duplicate key {short(key.text)}", f"first at {first}"
        if message:
            self.problems.append(self._problem(key, message, hint))
        return not message

    def _problem(self, node: _Node, message: str, hint: str = "") -> Problem:
        return Problem.at(Position(self.file, *node.at), message, hint)

    def _scalar(self, node: _Node, path: Steps) -> Any:
        if not node.plain:
            return node.text
        try:
            return scalar(node.text)
        except Refused as refused:
            self.problems.append(self._problem(node, refused.message, refused.hint))
            self.refused.add(path)
            return node.text
