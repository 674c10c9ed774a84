"""A plugin that runs failures again: what pytest counts are results, not attempts."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from opsproof.hooks.hooks import pytest_report_teststatus
from tests.hooks.inside import Inside


@pytest.mark.parametrize("outcome", ["failed", "rerun"])
def test_an_attempt_that_is_run_again_is_not_counted(outcome: str) -> None:
    """pytest-rerunfailures calls its report a rerun: the word is its own to say."""
    report = SimpleNamespace(
        user_properties=[("outcome", "fail"), ("requirement", "SH-001")], when="call", outcome=outcome
    )

    status = pytest_report_teststatus(report, SimpleNamespace(stash={}))  # type: ignore[arg-type]

    assert ("not kept" if outcome == "failed" else None) == (status and status[0])


def test_reruns_do_not_double_what_was_not_kept(inside: Inside) -> None:
    """--reruns 1: two not kept stay two in pytest's last line; each attempt names its outcome once."""
    reruns = pytest.importorskip("pytest_rerunfailures")
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "--reruns", "1", "--junitxml=out.xml", plugins=(reruns,))

    assert 1 == done.ret
    assert "2 rerun, 2 not kept, 1 kept in" in done.outlines[-1]
    cases = list(ElementTree.parse(inside.team.folder / "out.xml").iter("testcase"))
    assert {1} == {len(case.findall("properties/property[@name='outcome']")) for case in cases}
    assert 3 == len(list(ElementTree.parse(inside.team.latest.folder / "junit.xml").iter("testcase")))
