"""One run on several workers is one run."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.hooks.team import Shop, Team, requests


def test_it_asks_once_tells_outcomes_apart_and_knows_what_was_planned(team: Team, shop: Shop) -> None:
    """Two rows in two environments on one server, and in one that has none: one run shows all three, for it is dear."""
    shop.statuses["/cart"] = 404
    shop.takes = 0.5  # so that one worker wants what the other one is just asking
    team.environment("copy", shop.url)
    team.write("checks/systems/shop/environments/broken.yaml", "environment: broken\nnames: {base: null}\n")

    named = (word for name in ("production", "copy", "broken") for word in ("--env", name))
    done = team.run("checks", *named, "-n", "2", "-k", "not SH-003", "--junitxml=junit.xml")

    assert 1 == done.returncode, done.stdout + done.stderr
    assert ["GET /cart", "GET /front"] == sorted(shop.seen)
    assert sorted(shop.seen) == sorted(requests(team.latest, shop.url))
    _tells_outcomes_apart(team.folder / "junit.xml")
    _tells_outcomes_apart(team.latest.folder / "junit.xml")
    result = team.result()
    assert 6 == len(result.requirements)
    assert (6, 9, ("-k not SH-003",)) == (
        result.coverage.ran,
        result.coverage.expected,
        tuple(result.narrowed),
    )
    assert "PARTIAL" in result.verdict


def _tells_outcomes_apart(path: Path) -> None:
    """FAIL is a failure, UNKNOWN an error, in pytest's own JUnit file and in ours."""
    cases = list(ElementTree.parse(path).iter("testcase"))
    counts = {
        tag: sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")
    }
    assert {"failure": 2, "error": 2, "skipped": 0} == counts, path
    assert 6 == len(cases)
    assert 6 == len(list(ElementTree.parse(path).iterfind(".//testcase//property[@name='severity']")))
