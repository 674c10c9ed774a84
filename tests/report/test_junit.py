"""`junit.xml`: counts equal elements, outcome and severity are apart, any text fits."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.report.junit import render
from tests.report.results import finding, item, result

TAGS = {
    Outcome.FAIL: "failure",
    Outcome.UNKNOWN: "error",
    Outcome.WAIVED: "skipped",
    Outcome.NOT_APPLICABLE: "skipped",
    Outcome.PASS: None,
}


@given(st.lists(st.sampled_from(Outcome), max_size=12), st.integers(0, 3))
def test_counts_equal_elements(outcomes: list[Outcome], missing: int) -> None:
    """tests, failures, errors, skipped of every suite; one testcase for each requirement."""
    items = [
        item(number, passed=1) if outcome is Outcome.PASS else item(number, [finding(outcome=outcome)])
        for number, outcome in enumerate(outcomes)
    ]
    tree = ElementTree.fromstring(render(result(items, missing=missing)))
    cases = tree.findall(".//testcase")
    assert len(cases) == len(outcomes) + missing
    for suite in tree:
        assert int(suite.get("tests", "-1")) == len(suite.findall("testcase"))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name, "-1")) == len(suite.findall(f"testcase/{tag}"))
    counted = [next((one.tag for one in case if one.tag != "properties"), None) for case in cases]
    assert counted == [TAGS[outcome] for outcome in outcomes] + ["error"] * missing


@pytest.mark.parametrize("outcome", list(Outcome))
def test_severity_is_a_property_and_never_the_outcome(outcome: Outcome) -> None:
    """Each testcase names requirement, system, environment, severity with its label, outcome, checks."""
    one = item(1, passed=1) if outcome is Outcome.PASS else item(1, [finding(outcome=outcome)])
    (case,) = ElementTree.fromstring(render(result([one]))).findall(".//testcase")
    properties = {one.get("name"): one.get("value") for one in case.findall("properties/property")}
    assert properties == {
        "requirement": "SH-001", "system": "shop", "environment": "live", "severity": "critical",
        "severity_label": "P1", "outcome": outcome.value, "checks": "health/pods-ready",
    }  # fmt: skip
    assert (case.get("classname"), case.get("name")) == ("shop.live", "SH-001 Every pod is ready")


def test_a_failure_says_what_was_measured_and_needed() -> None:
    many = [finding(f"shop/api-{n}", measured="3", limit="at most 0") for n in range(7)]
    (failure,) = ElementTree.fromstring(render(result([item(1, many)]))).findall(".//failure")
    line = "pod shop/api-0: not ready (measured 3, needed at most 0)"
    assert (failure.get("message") or "").startswith(line)
    assert (failure.text or "").count("\n") == 6
    assert failure.get("type") == "fail.critical"


def test_a_failure_says_what_nobody_knows_beside_it() -> None:
    """A failure of a low level hides no critical question."""
    dark = finding("shop/dark", Outcome.UNKNOWN, message="refused")
    low = [finding(f"shop/n-{n}", level=Level.LOW, message=f"{n} % used") for n in range(9)]
    (failure,) = ElementTree.fromstring(render(result([item(1, [*low, dark])]))).findall(".//failure")
    assert (failure.get("message") or "").startswith(
        "pod shop/dark: undecided: refused; pod shop/n-0: 0 % used"
    )
    assert (failure.text or "").count("\n") == 9


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_text_fits_into_xml(text: str) -> None:
    """Control characters and lone surrogates of a server's answer do not break the file."""
    content = render(result([item(1, [finding(text, message=text, measured=text)])], says=text))
    (failure,) = ElementTree.fromstring(content).findall(".//failure")
    printable = "".join(char for char in text if char.isprintable() and ord(char) < 0xFFFE)
    kept = "".join(char for char in (failure.text or "") if char.isprintable())
    assert all(char in kept for char in printable)


def test_rows_without_automation_are_named_beside_the_testcases() -> None:
    """They are no testcases, since nothing decided them, and not silent either."""
    suite = ElementTree.fromstring(render(result([item(1, passed=1)])))[0]
    properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert "A person reads the minutes" == properties["planned.SH-800"]
    assert "1" == suite.get("tests")
