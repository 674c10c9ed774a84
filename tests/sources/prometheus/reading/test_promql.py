"""Reading PromQL: the tree, and what conditions an expression states."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.prometheus.reading.parse import parse, selector
from opsproof.sources.prometheus.reading.promql import Condition, conditions, keeps, selectors


def one(text: str) -> Condition:
    (found,) = conditions(parse(text))
    return found


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("up == 0", "==", 0),
        ("a / b > 0.85", ">", 0.85),
        ("100 * a / b > 5", ">", 0.05),
        ("a / b * 100 >= 5", ">=", 0.05),
        ("a / 1024 / 1024 > 2", ">", 2 * 2**20),
        ("5 < a", ">", 5),
        ("a <= on (pod) group_left (node) b / c > 1", ">", 1),
        ("- a < -5", "<", -5),
        ("a > 2 ^ 3 ^ 0", ">", 2),
        ("a - b > 1", ">", 1),
        ("(a > 0x1F)", ">", 31),
        ("a > 1e3", ">", 1000),
        ("time() - a > 5m", ">", 300),
        ("max_over_time(a[5m:1m] offset 1h @ end()) >= 1", ">=", 1),
        ('count_values without (pod) ("x", a) > 1', ">", 1),
        ("topk(3, a) by (x) > 7", ">", 7),
        ("a{x='y',z=~`.+`} > 1", ">", 1),
    ],
)
def test_the_outer_comparison(text: str, sign: str, number: float) -> None:
    found = [condition for condition in conditions(parse(text)) if math.isclose(condition.number, number)]
    assert [condition.sign for condition in found] == [sign]


@pytest.mark.parametrize(
    "text",
    [
        "vector(1)",
        "absent(up)",
        "a > bool 1",
        "a > b",
        "1 > bool 0",
        "a",
        "max_over_time((a > 5)[5m:])",
        "a / 0 > 1 / 0",
    ],
)
def test_expressions_that_compare_nothing_with_a_number(text: str) -> None:
    assert list(conditions(parse(text))) == []


def test_logic_joins_conditions() -> None:
    assert [c.number for c in conditions(parse("a > 1 and b > 2 or c < 3 unless d > 4"))] == [1, 2, 3]


def test_an_inner_comparison_is_none_of_the_outer_ones() -> None:
    found = one('max(a) / max(limit{resource="memory"} > 0) > 0.9')
    assert found.number == 0.9
    assert [selector.name for selector in selectors(found.what)] == ["a", "limit"]


def test_a_rate_is_no_ratio() -> None:
    assert not one("rate(errors_total[5m]) > 0.05").is_ratio
    assert one("rate(errors_total[5m]) / rate(all_total[5m]) > 0.05").is_ratio
    assert one("error_ratio > 0.05").is_ratio
    # A unit conversion is no division of two things.
    assert not one("rate(errors_total[5m]) / 60 > 0.05").is_ratio


def test_matchers_are_kept_and_a_name_may_be_one() -> None:
    (found,) = selectors(parse('{__name__="http_requests_total",job=~"a|b"}'))
    assert found.name == "http_requests_total"
    assert [str(matcher) for matcher in found.matchers[1:]] == ['job=~"a|b"']
    (keyword,) = selectors(parse('{by="x", on="y"}'))
    assert [matcher.name for matcher in keyword.matchers] == ["by", "on"]


@pytest.mark.parametrize(
    "text",
    ["", "a >", "a > > 1", "(a", "a[5m", 'a{x="y"', "a{x}", "sum by (x", "1 2", "a ~ b", "!", "f(1,,2)"],
)
def test_what_is_not_promql_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "a" + ")" * 5000, "-" * 5000 + "a", "a + " * 5000 + "a", "a and " * 3000 + "a",
        "sum(" * 3000 + "a" + ")" * 3000, "a" * 30_000,
    ],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_what_would_exhaust_the_stack_is_refused(text: str) -> None:
    """The library ends the whole process there: a server's rule must not reach it."""
    with pytest.raises(ValueError, match="is not read"):
        parse(text)


def test_as_much_as_is_read_is_read_by_all_that_looks_at_it() -> None:
    deep = parse("sum(" * 249 + "a" + ")" * 249)
    assert ["a"] == [found.name for found in selectors(deep)]
    assert keeps(deep, "pod") is False
    assert keeps(parse("abs(" * 249 + "a" + ")" * 249), "pod")


def test_a_metric_name_in_quotes_is_read() -> None:
    node = parse('sum(rate({"http.server.requests", code="500"}[5m])) > 5 # since version 3')
    (found,) = selectors(node)
    assert "http.server.requests" == found.name
    assert {"http.server.requests", "500"} == {matcher.value for matcher in found.matchers}


def test_raw_strings_have_no_escapes() -> None:
    (found,) = selectors(parse('a{b=~`x\\d"y`}'))
    assert 'x\\d"y' == found.matchers[0].value


@pytest.mark.parametrize(
    "text",
    [
        "up",
        'up{job="a"}',
        '{__name__="up",job="a"}',
        '{__name__="http.server.requests",code=~"5.."}',
        '{a="b"}',
    ],
)
def test_a_selector_is_written_as_it_was_read(text: str) -> None:
    assert text == str(selector(text))


def test_more_than_a_selector_is_none() -> None:
    with pytest.raises(ValueError, match="is no selector"):
        selector("sum(up)")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("up", True),
        ("sum(up)", False),
        ("sum by (job) (up)", True),
        ("max without (job) (up)", False),
        ("topk by (x) (3, up)", True),
        ("vector(1)", False),
        ("absent(up) or sum(up)", False),
        ("sum by (job) (rate(up[5m])) > 3", True),
    ],
)
def test_which_labels_survive(text: str, kept: bool) -> None:
    assert kept is keeps(parse(text), "job")


@given(st.text(alphabet="abx_{}()[]\"'`=!~<>+-*/%^,:@#.5m \n\\", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        list(conditions(parse(text)))
    except ValueError:
        pass


EXPRESSIONS = st.recursive(
    st.sampled_from(["up", 'a{b="c"}', "rate(x_total[5m])", "sum by (pod) (y)"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "/", "and", "or"]), inner),
    max_leaves=8,
)


@given(EXPRESSIONS, st.sampled_from([">", "<", ">=", "<=", "==", "!="]), st.integers(1, 10**6))
def test_a_factor_moves_to_the_other_side(inner: str, sign: str, number: int) -> None:
    plain, scaled = one(f"{inner} + 0 {sign} {number}"), one(f"100 * ({inner} + 0) {sign} {number * 100}")
    assert scaled.sign == plain.sign == sign
    assert math.isclose(scaled.number, plain.number)
