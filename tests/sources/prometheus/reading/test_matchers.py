"""Label matchers as Prometheus and Alertmanager write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.model.failure import Undecided
from opsproof.sources.prometheus.reading.matchers import Matcher, all_match, known_labels, parsed, workload_of


@pytest.mark.parametrize(
    ("text", "labels", "fits"),
    [
        ('severity="critical"', {"severity": "critical"}, True),
        ("severity=critical", {"severity": "critical"}, True),
        (' severity = "critical" ', {"severity": "criticals"}, False),
        ('severity=~"high|critical"', {"severity": "high"}, True),
        ('severity=~"high"', {"severity": "highest"}, False),
        ('severity!="none"', {}, True),
        ('severity=""', {}, True),
        ('severity!~"x.*"', {"severity": "xy"}, False),
        ('{a="1",b=~"2|3"}', {"a": "1", "b": "3"}, True),
        ('{a="1",b=~"2|3"}', {"a": "1"}, False),
        ("{}", {}, True),
        ("", {"a": "b"}, True),
        (r'a="say \"hi\""', {"a": 'say "hi"'}, True),
        (r'a=~"x\\.y"', {"a": "x.y"}, True),
        ('a=~"x.y"', {"a": "x\ny"}, False),
        ('"quoted name"="x"', {"quoted name": "x"}, True),
    ],
)
def test_matching(text: str, labels: dict[str, str], fits: bool) -> None:
    assert all_match(parsed(text), labels) is fits


@pytest.mark.parametrize("text", ["severity", "=x", 'a="b" c="d"', 'a="b', "a==b", 'a=~"x""y"'])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parsed(text)


@pytest.mark.parametrize("expression", ["(", "(?=b)", "a{1000}{1000}", "a" * 5000])
def test_what_is_no_expression_of_prometheus_is_undecided(expression: str) -> None:
    with pytest.raises(Undecided):
        Matcher("a", "=~", expression).matches({"a": "b"})


def test_expressions_are_those_of_prometheus() -> None:
    assert Matcher("a", "=~", r"\pL+").matches({"a": "bé"})


@pytest.mark.timeout(20)
def test_an_expression_takes_linear_time() -> None:
    """Python's own engine would outlast the universe on it."""
    assert not Matcher("a", "=~", "(.*)*" * 20 + "x").matches({"a": "a" * 3000})


def test_endless_matchers_are_refused() -> None:
    with pytest.raises(ValueError, match="are not read"):
        parsed('a="b",' * 100_000)


@given(st.text(max_size=20), st.sampled_from(["=", "!="]))
def test_what_is_written_is_read_again(value: str, operator: str) -> None:
    (again,) = parsed(str(Matcher("name", operator, value)))
    assert again.matches({"name": value}) is (operator == "=")


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        all_match(parsed(text), {"a": "b"})
    except (ValueError, Undecided):
        pass


def test_only_known_labels_are_kept() -> None:
    assert known_labels({"severity": "high", "customer": "ACME", "pod": "a"}) == {
        "severity": "high",
        "pod": "a",
    }


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("api-7d9f8c6b5-x2x4z", "api"),
        ("anomaly-detection-api-5c8d7f9b4d-q2w4z", "anomaly-detection-api"),
        ("postgresql-0", "postgresql"),
        ("my-app", "my-app"),
        ("", ""),
    ],
)
def test_the_workload_is_read_off_the_pods_name(pod: str, workload: str) -> None:
    assert workload_of(pod) == workload
