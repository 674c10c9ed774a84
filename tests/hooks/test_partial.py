"""A run of less than what `-m` names is PARTIAL, whatever made it less, and says so wherever its gate is read."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.hooks.inside import Inside, said


class Fewer:
    """A plugin that leaves one item, as those that split a run over machines do."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        del items[1:]


class First(Fewer):
    """The same, before anybody else."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        del items[1:]


class Splitting(Fewer):
    """One with the options of pytest-split."""

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        parser.addoption("--splits", type=int)
        parser.addoption("--group", type=int)


class Refusing:
    """A plugin that keeps files from being collected."""

    def pytest_ignore_collect(self, collection_path: object) -> bool | None:
        return True if str(collection_path).endswith("check_more.py") else None


MORE = '''
from typing import Annotated, Any
from opsproof import LOW, Count, Duration, Limits, Scoped, check
from opsproof.sources.http.facts import Endpoints

class MoreLimits(Limits):
    urls: Scoped[tuple[str, ...]]
    probes: Count = Count(1)
    spacing: Duration = Duration(0)

@check("shop/more", title="More", level=LOW)
def check_more(pages: Annotated[Any, Endpoints()], limits: MoreLimits, examine: Any) -> None:
    """More."""
    for page in pages:
        with examine(page):
            assert page.probes
'''


@pytest.fixture
def two_files(inside: Inside) -> Inside:
    """SH-001 is decided by a second check, from a file of its own, too."""
    inside.team.write("checks/shop/check_more.py", MORE)
    runbook = inside.team.folder / "checks/systems/shop/runbook.yaml"
    runbook.write_text(
        runbook.read_text().replace("checks: [shop/pages]", "checks: [shop/pages, shop/more]", 1)
    )
    return inside


def partial(inside: Inside) -> tuple[int, int, str]:
    """How many ran, of how many, narrowed by what; the words agree with the numbers in every report."""
    result = inside.result
    ran, expected = result.coverage.ran, result.coverage.expected
    (suite,) = ElementTree.parse(inside.team.latest.folder / "junit.xml").iter("testsuite")
    gate = next(one.get("value") for one in suite.iterfind("properties/property[@name='gate']"))
    assert gate == result.verdict
    assert (ran < expected) == ("PARTIAL" in result.verdict) == bool(result.narrowed)
    return ran, expected, ", ".join(result.narrowed)


def test_a_whole_run_is_not_partial(inside: Inside) -> None:
    """All of the plan, and all of what -m names: whole, also where other options took nothing away."""
    assert 0 == inside.run("checks").ret
    assert (3, 3, "") == partial(inside)
    inside.run("checks", "-m", "daily")
    assert (2, 2, "") == partial(inside)
    inside.run("checks/shop/check_pages.py", "-m", "daily", "-k", "pages")
    assert (2, 2, "") == partial(inside)


@pytest.mark.parametrize("plugin", [Fewer, First])
def test_any_plugin_that_narrows_is_seen(inside: Inside, plugin: type) -> None:
    """What was planned and what ran are compared, not a list of options; the exit status stays, in words."""
    done = inside.run("checks", "-m", "daily", plugins=(plugin(),))

    assert 0 == done.ret
    assert (1, 2, "something") == partial(inside)
    assert "PARTIAL: 1 of 2 ran, narrowed by something" in said(done)
    assert "GATE OPEN for 1 of 2: PARTIAL" in done.outlines


@pytest.mark.parametrize(
    ("words", "by", "ran"),
    [
        (("-k", "SH-001"), "-k SH-001", 1),
        (("--deselect", "checks/shop/check_pages.py::check_pages[SH-002-shop/production]"), "--deselect", 2),
        (("--ignore", "checks/shop/check_more.py"), "--ignore", 2),
        (("--ignore-glob", "*/check_m*.py"), "--ignore-glob", 2),
        (("checks/shop/check_pages.py",), "the paths given", 2),
    ],
)
def test_what_narrowed_is_named(two_files: Inside, words: tuple[str, ...], by: str, ran: int) -> None:
    """By its option. A requirement that was decided by one of its two checks did not run wholly."""
    two_files.run(*(words if words[0].startswith("checks") else ("checks", *words)))

    assert (ran, 3, by) == partial(two_files)


def test_files_kept_from_being_collected_are_missed(two_files: Inside) -> None:
    """Nothing was deselected, and still a check did not run."""
    two_files.run("checks", plugins=(Refusing(),))

    assert (2, 3, "something") == partial(two_files)


def test_a_split_names_its_part(inside: Inside) -> None:
    """The options of pytest-split are words that people know."""
    inside.run("checks", "--splits", "3", "--group", "2", plugins=(Splitting(),))

    assert (1, 3, "--splits 3 --group 2") == partial(inside)


def test_a_run_that_stops_early_is_partial_and_closed(inside: Inside) -> None:
    """What was selected and did not run stays incomplete: the gate is closed over it."""
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "--maxfail", "1", "--gate", "low")

    assert 1 == done.ret
    assert (1, 3, "an end before all had run") == partial(inside)
    assert ("shop/production/SH-002", "shop/production/SH-003") == inside.result.gate.incomplete


def test_markers_of_a_conftest_count(inside: Inside) -> None:
    """-m by a marker that a conftest gives names what pytest finds by it, no more and no less."""
    inside.team.write(
        "checks/conftest.py",
        """
        def pytest_collection_modifyitems(items):
            for item in items:
                if "SH-003" not in item.name:
                    item.add_marker("night")
        """,
    )

    inside.run("checks", "-m", "night")
    assert (2, 2, "") == partial(inside)
    inside.run("checks", "-m", "night", plugins=(Fewer(),))
    assert (1, 2, "something") == partial(inside)
