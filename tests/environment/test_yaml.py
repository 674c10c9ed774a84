"""YAML means what is written, or is refused with its place and how to write it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsproof.environment.problems import Problem
from opsproof.environment.yaml import DEEPEST, Document, Refused, read, scalar


def parsed(tmp_path: Path, content: str | bytes) -> tuple[Document | None, list[Problem]]:
    file = tmp_path / "x.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(file)


def value(tmp_path: Path, content: str) -> Any:
    document, problems = parsed(tmp_path, content)
    assert document is not None, problems
    assert problems == []
    return document.value


def only_problem(tmp_path: Path, content: str | bytes) -> Problem:
    _, problems = parsed(tmp_path, content)
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("12", 12),
        ("-3", -3),
        ("7321654987012345678", 7321654987012345678),
        ("0.5", 0.5),
        ("-1.25", -1.25),
        ("5m", "5m"),
        ("80%", "80%"),
        ("1.2.3", "1.2.3"),
        ("10.0.0.1", "10.0.0.1"),
        ("localhost:5432", "localhost:5432"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        ("nan", "nan"),
        ("-", "-"),
        ("yes please", "yes please"),
        ("e3", "e3"),
    ],
)
def test_a_plain_scalar_means_what_is_written(written: str, meant: object) -> None:
    found = scalar(written)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("yes", 'write true or false, or "yes" in quotes'),
        ("No", 'write true or false, or "No" in quotes'),
        ("ON", 'write true or false, or "ON" in quotes'),
        ("off", 'write true or false, or "off" in quotes'),
        ("n", 'write true or false, or "n" in quotes'),
        ("True", 'write true or false, or "True" in quotes'),
        ("NULL", 'write null, or "NULL" in quotes'),
        ("010", 'write 10, or "010" in quotes'),
        ("1e3", 'write 1000, or "1e3" in quotes'),
        ("12E-1", 'write 1.2, or "12E-1" in quotes'),
        ("1_000", 'write 1000, or "1_000" in quotes'),
        ("0x1F", 'write 31, or "0x1F" in quotes'),
        ("0o17", 'write 15, or "0o17" in quotes'),
        ("0b11", 'write 3, or "0b11" in quotes'),
        ("+5", 'write 5, or "+5" in quotes'),
        (".5", 'write 0.5, or ".5" in quotes'),
        ("1.", 'write 1, or "1." in quotes'),
        ("1.10", 'write 1.1, or "1.10" in quotes'),
        (".inf", 'write ".inf" in quotes'),
        ("-.INF", 'write "-.INF" in quotes'),
        (".nan", 'write ".nan" in quotes'),
        ("1e999", 'write "1e999" in quotes'),
        ("1:30", 'write "1:30" in quotes; a duration is written like 90s or 1h30m'),
        ("06:00:00", 'write "06:00:00" in quotes; a duration is written like 90s or 1h30m'),
        ("9" * 30, f'write "{"9" * 30}" in quotes'),
    ],
)
def test_an_ambiguous_scalar_is_refused_with_the_way_to_write_it(written: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        scalar(written)
    assert refused.value.hint == hint


NUMBERISH = st.text(alphabet="0123456789+-_.:eExob", min_size=1, max_size=12)


@given(NUMBERISH | st.text(max_size=20))
@example("0.30000000000000004")
@example("-0")
def test_a_number_is_accepted_only_when_it_prints_as_written(text: str) -> None:
    """Nothing is converted silently: a scalar is the text itself, prints as the text, or is refused."""
    try:
        found = scalar(text)
    except Refused:
        return
    if isinstance(found, bool) or found is None:
        assert text in {"true", "false", "null", "~", ""}
    elif isinstance(found, (int, float)):
        assert repr(found) == text
    else:
        assert found == text


@given(NUMBERISH)
def test_what_python_or_yaml_11_reads_as_a_number_never_passes_as_text(text: str) -> None:
    try:
        found = scalar(text)
    except Refused:
        return
    if isinstance(found, str):
        with pytest.raises(ValueError):
            float(text)
        assert not re.fullmatch(r"[-+]?[0-9]+(:[0-5]?[0-9])+", text)


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert scalar(str(number)) == number


WORDS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-1000, 1000) | WORDS
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, TREES, min_size=1, max_size=3))
def test_json_is_read_as_what_it_is(tmp_path: Path, tree: dict[str, Any]) -> None:
    """JSON quotes all its text, so that nothing in it is ambiguous."""
    assert value(tmp_path, json.dumps(tree)) == tree


@given(st.binary(max_size=60))
@example(b"a: \x00")
@example(b"%YAML 9.9\n---\na: b")
@example(b"a: &x\n  *x")
@example(b"? - a\n: b")
@example(b"a: !!python/object:os.system {}")
def test_no_content_raises(tmp_path: Path, content: bytes) -> None:
    document, problems = parsed(tmp_path, content)
    assert document is not None or problems
    assert all(problem.line >= 1 and "\n" not in str(problem) for problem in problems)


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    assert value(tmp_path, "on: 1\n5432: 2\nyes: 3\n1e3: 4\n") == {"on": 1, "5432": 2, "yes": 3, "1e3": 4}


def test_quoted_scalars_are_text(tmp_path: Path) -> None:
    assert value(tmp_path, """a: "010"\nb: 'no'\nc: |\n  5\n""") == {"a": "010", "b": "no", "c": "5\n"}


def test_an_alias_repeats_its_value(tmp_path: Path) -> None:
    assert value(tmp_path, "a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_positions_of_keys_and_values_are_kept(tmp_path: Path) -> None:
    document, _ = parsed(tmp_path, "a:\n  bb: [1,\n    22]\n")
    assert document is not None
    at, key = document.positions.at("a", "bb", 1), document.positions.key("a", "bb")
    assert (at.line, at.column) == (3, 5)
    assert (key.line, key.column) == (2, 3)
    nearest = document.positions.at("a", "missing", "deeper")
    assert (nearest.line, nearest.column) == (2, 3)


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), r"duplicate key 'a'; first at .*x\.yaml:1:1$"),
        ("a:\n\t- b\n", (2, 1), "a tab where YAML wants spaces"),
        ("a:\n  b: no\n", (2, 6), "no is a boolean to some readers"),
        (b"a: 1\nb: \xff\n", (2, 4), "byte 0xff is not UTF-8"),
        ("", (1, 1), "the file is empty"),
        ("# nothing\n", (1, 1), "the file is empty"),
        ("---\n", (1, 1), "the file is empty"),
        ("- a\n", (1, 1), "must hold a mapping"),
        ("text\n", (1, 1), "must hold a mapping"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document"),
        ("a: !!str 5\n", (1, 4), "tag 'tag:yaml.org,2002:str' is not read"),
        ("a: *x\n", (1, 4), "alias .x has no anchor above it"),
        ("a: &x [*x]\n", (1, 8), "alias .x has no anchor above it, or lies within it"),
        ("b: &x {c: 1}\na:\n  <<: *x\n", (3, 3), "merge keys"),
        ("[1]: a\n", (1, 1), "a key must be text"),
        ("~: a\n", (1, 1), "a key is missing"),
        ("a: [1, 2\n", (1, 4), "the . that begins here is not closed; end it with ]"),
        ("a: `x`\n", (1, 4), 'needs "quotes"'),
        ("a: \x07\n", (1, 4), "a character that YAML does not allow"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_its_place(
    tmp_path: Path, content: str | bytes, place: tuple[int, int], message: str
) -> None:
    problem = only_problem(tmp_path, content)
    assert (problem.line, problem.column) == place
    assert re.search(message, str(problem)), str(problem)


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    document, problems = parsed(tmp_path, b"\xef\xbb\xbfa: 1\n")
    assert document is not None
    assert (document.value, problems) == ({"a": 1}, [])


def test_all_refused_scalars_of_a_file_are_reported(tmp_path: Path) -> None:
    _, problems = parsed(tmp_path, "a: no\nb: [010, 1:30]\n")
    assert [(problem.line, problem.column) for problem in problems] == [(1, 4), (2, 5), (2, 10)]


def test_aliases_that_multiply_are_stopped(tmp_path: Path) -> None:
    laughs = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
    laughs += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "values once the aliases are expanded" in only_problem(tmp_path, laughs).message


@pytest.mark.parametrize("depth", [DEEPEST + 1, 100_000])
def test_deep_nesting_is_refused_and_harmless(tmp_path: Path, depth: int) -> None:
    problem = only_problem(tmp_path, "a: " + "[" * depth + "]" * depth)
    assert "nested deeper than" in problem.message


def test_a_folder_or_missing_file_is_one_line(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in str(read(tmp_path)[1][0])
    assert "cannot be read: No such file" in str(read(tmp_path / "none.yaml")[1][0])
