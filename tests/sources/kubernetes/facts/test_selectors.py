"""Label selectors: the API's semantics, and kubectl's way to write them."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes.facts.selectors import Expression, LabelSelector, parse_selector, selects

keys = some.sampled_from(["app", "tier", "app.kubernetes.io/name"])
values = some.sampled_from(["", "web", "api", "db-1"])
labels = some.dictionaries(keys, values)
expressions = some.builds(
    Expression,
    key=keys,
    operator=some.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    values=some.lists(values, min_size=1, max_size=3).map(tuple),
)
selectors = some.builds(
    LabelSelector,
    match_labels=some.dictionaries(keys, values),
    match_expressions=some.lists(expressions, max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("operator", "values", "given_labels", "matches"),
    [
        ("In", ("web",), {"app": "web"}, True),
        ("In", ("web",), {"app": "api"}, False),
        ("In", ("web",), {}, False),
        ("NotIn", ("web",), {"app": "api"}, True),
        ("NotIn", ("web",), {"app": "web"}, False),
        ("NotIn", ("web",), {}, True),
        ("Exists", (), {"app": ""}, True),
        ("Exists", (), {}, False),
        ("DoesNotExist", (), {}, True),
        ("DoesNotExist", (), {"app": ""}, False),
    ],
)
def test_operators(
    operator: str, values: tuple[str, ...], given_labels: dict[str, str], matches: bool
) -> None:
    expression = Expression(key="app", operator=operator, values=values)
    assert expression.matches(given_labels) is matches


def test_an_operator_of_the_future_is_no_answer() -> None:
    with pytest.raises(BadAnswer, match="unknown operator 'Gt'"):
        Expression(key="app", operator="Gt").matches({})


def test_an_empty_selector_selects_everything_and_a_missing_one_nothing() -> None:
    assert selects(LabelSelector(), {"app": "web"})
    assert LabelSelector().selects_all
    assert not selects(None, {"app": "web"})


@given(selectors, labels)
def test_a_selector_is_the_conjunction_of_its_parts(selector: LabelSelector, found: dict[str, str]) -> None:
    parts = [found.get(key) == value for key, value in selector.match_labels.items()]
    parts += [expression.matches(found) for expression in selector.match_expressions]
    assert selector.matches(found) is all(parts)


@given(expressions, labels)
def test_negations_are_the_opposite(expression: Expression, found: dict[str, str]) -> None:
    opposite = {"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}
    other = msgspec.structs.replace(expression, operator=opposite[expression.operator])
    assert expression.matches(found) is not other.matches(found)


@given(selectors)
def test_selectors_survive_json(selector: LabelSelector) -> None:
    assert msgspec.json.decode(msgspec.json.encode(selector), type=LabelSelector) == selector


@pytest.mark.parametrize(
    ("text", "chosen", "left"),
    [
        ("app=backend", {"app": "backend"}, {"app": "web"}),
        ("app==backend", {"app": "backend"}, {}),
        ("app!=backend", {}, {"app": "backend"}),
        ("app=backend,tier!=db", {"app": "backend", "tier": "web"}, {"app": "backend", "tier": "db"}),
        ("tier in (web, api)", {"tier": "api"}, {"tier": "db"}),
        ("tier notin (web,api)", {}, {"tier": "web"}),
        ("canary", {"canary": ""}, {}),
        ("!canary", {}, {"canary": "yes"}),
        ("app.kubernetes.io/name=x,app", {"app.kubernetes.io/name": "x", "app": "y"}, {"app": "y"}),
        ("app=a,app=b", {}, {"app": "a"}),
    ],
)
def test_kubectls_way_to_write_it(text: str, chosen: dict[str, str], left: dict[str, str]) -> None:
    selector = parse_selector(text)
    assert selector.matches(chosen) is (text != "app=a,app=b")
    assert not selector.matches(left)


@pytest.mark.parametrize("text", ["", "  "])
def test_no_text_selects_everything(text: str) -> None:
    assert parse_selector(text).selects_all


@pytest.mark.parametrize("text", ["app=", "a=b,,c", "=b", "a in ()b", "a in b", "a>1", "a=b c", "-a", "a,"])
def test_other_text_is_refused_unless_the_value_is_empty(text: str) -> None:
    if text == "app=":
        assert parse_selector(text).matches({"app": ""})
        return
    with pytest.raises(ValueError, match="is not a label selector"):
        parse_selector(text)


@given(some.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        parse_selector(text).matches({})
