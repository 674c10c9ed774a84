"""Which budgets protect a pod."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.kubernetes.facts.scaling import BudgetFinder
from tests.checks.cluster import SHOP, budget

LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", "b"]))
EXPRESSIONS = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["app", "tier"]),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(st.sampled_from(["a", "b"]), min_size=1),
        }
    ),
    max_size=2,
)
SELECTORS = st.fixed_dictionaries({"matchLabels": LABELS, "matchExpressions": EXPRESSIONS})


@given(st.lists(SELECTORS, max_size=5), LABELS, st.sampled_from([SHOP, "other"]))
def test_the_finder_finds_what_trying_each_would(
    selectors: list[dict[str, object]], labels: dict[str, str], namespace: str
) -> None:
    budgets = [budget(f"b{index}", selector=selector) for index, selector in enumerate(selectors)]
    found = {one.name for one in BudgetFinder(budgets).covering(labels, namespace)}
    assert found == {one.name for one in budgets if one.covers(labels, namespace)}
