from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from opsproof.hooks.garbage import rarely_searched


class _Loop:
    """Refers to itself: only a search gives it back."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_made_in_the_block_is_not_searched_after_it() -> None:
    with rarely_searched():
        kept = weakref.ref(_Loop())
    gc.collect()
    assert kept() is not None


def test_waste_of_the_block_itself_is_given_back() -> None:
    with rarely_searched():
        waste = weakref.ref(_Loop())
        many = [[number] for number in range(2 * gc.get_threshold()[0])]
        assert waste() is None
    assert many


def test_the_search_goes_on_as_before() -> None:
    before = gc.get_threshold()
    with rarely_searched():
        assert gc.get_threshold() > before
    assert before == gc.get_threshold()
