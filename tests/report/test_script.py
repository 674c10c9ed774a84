"""The page's own script, in a real browser: what is folded away can be found, opened and printed."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.report.html import STATIC, render
from tests.report.browser import told_by
from tests.report.results import finding, item, result

HOSTILE = "<img src=x onerror=alert(1)>"
_DO = """(() => {
  const said = {}, rows = () => [...document.querySelectorAll('#rows>details')];
  const id = row => row.id.split('/').pop(), seen = () => rows().filter(row => !row.hidden).map(id);
  const put = (name, value) => {
    const field = document.getElementById(name);
    field.value = value;
    field.dispatchEvent(new Event('input'));
  };
  const row = name => rows().find(one => id(one) === name);
  said.all = seen();
  put('find', 'api-39'); said.folded = seen();
  put('find', 'twin-9'); said.named = seen();
  put('find', 'kept-5'); said.passed = seen();
  put('find', 'NOT ready api-3'); said.words = seen();
  put('find', ''); put('outcome', 'pass'); said.outcome = [seen(), document.getElementById('shown').textContent];
  put('outcome', ''); put('level', 'low'); said.level = seen();
  put('level', ''); said.again = seen();
  dispatchEvent(new Event('beforeprint')); said.printed = rows().filter(one => one.open).map(id);
  location.hash = '#' + row('SH-003').id; dispatchEvent(new Event('hashchange')); said.revealed = row('SH-003').open;
  said.unfold = [1, 2].map(() => {
    document.getElementById('unfold').click();
    return rows().filter(one => one.open).length;
  });
  const print = [...document.styleSheets[0].cssRules].filter(one => one.media && one.media.mediaText === 'print');
  const display = what => [...document.querySelectorAll(what)].map(one => getComputedStyle(one).display);
  print.forEach(one => { one.media.mediaText = 'screen'; });
  said.paper = {names: display('button.names'), more: display('button.more'), tools: display('form, .screen')};
  print.forEach(one => { one.media.mediaText = 'print'; });
  row('SH-001').querySelector('.more').click();
  said.lines = row('SH-001').querySelectorAll('.findings tr').length - 1;
  said.buttons = row('SH-001').querySelectorAll('.more').length;
  row('SH-002').querySelector('td .names').click(); said.twins = row('SH-002').querySelector('td.mono').textContent;
  row('SH-003').querySelector('dd .names').click(); said.kept = row('SH-003').querySelector('dl').textContent;
  said.text = row('SH-001').textContent;
  said.images = document.querySelectorAll('img').length;
  return said;
})()"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the page shows after each of a user's steps."""
    own = [finding(f"api-{n}", message=f"not ready: {n} {HOSTILE}") for n in range(40)]
    twins = [finding(f"twin-{n}") for n in range(10)]
    page = render(
        result([item(1, own), item(2, twins), item(3, passed=6)]),
        {"shop/live/SH-003": [f"pod kept-{n}" for n in range(6)]},
    )
    return told_by(page, _DO, tmp_path_factory.mktemp("page"))


@pytest.mark.slow
def test_a_search_finds_what_is_folded_away(said: Any) -> None:
    """Subjects beyond the first ones, of failures and of passes; all words, in any case."""
    assert ["SH-001", "SH-002", "SH-003"] == said["all"]
    assert (["SH-001"], ["SH-002"], ["SH-003"]) == (said["folded"], said["named"], said["passed"])
    assert ["SH-001"] == said["words"]


@pytest.mark.slow
def test_filters_narrow_the_list_and_give_it_back(said: Any) -> None:
    """By outcome and severity, with the count."""
    assert [["SH-003"], "1 of 3"] == said["outcome"]
    assert [] == said["level"]
    assert ["SH-001", "SH-002", "SH-003"] == said["again"]


@pytest.mark.slow
def test_more_shows_all(said: Any) -> None:
    """Each subject once, and no button is left."""
    assert 40 > STATIC
    assert (40, 0) == (said["lines"], said["buttons"])
    assert all(f"pod api-{n}" in said["text"] for n in range(40))
    assert all(f"twin-{n}" in said["twins"] for n in range(10))
    assert all(f"kept-{n}" in said["kept"] for n in range(6))


@pytest.mark.slow
def test_paper_says_how_many_more_there_are(said: Any) -> None:
    """It has no button to open, and none of the tools of the screen."""
    assert ["inline-block", "inline-block"] == said["paper"]["names"]
    assert ["block"] == said["paper"]["more"]
    assert {"none"} == set(said["paper"]["tools"])


@pytest.mark.slow
def test_what_was_folded_away_stays_text(said: Any) -> None:
    """A server's markup is no markup when it is shown later either."""
    assert 40 == said["text"].count(HOSTILE)
    assert 0 == said["images"]


@pytest.mark.slow
def test_links_open_their_requirement_and_print_opens_what_is_not_kept(said: Any) -> None:
    """Paper cannot be unfolded."""
    assert ["SH-001", "SH-002"] == said["printed"]
    assert said["revealed"]
    assert [0, 3] == said["unfold"]
