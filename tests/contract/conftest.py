"""A source's further asks go over the same wire: the everyday loop tries that with the first one, and all else with each."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.testing.contract import CollectorContract

HERE = Path(__file__).parent
OVER_THAT_OF = {"files": "host", "pgbouncer": "postgres", "sentinel": "redis"}
# What comes of these is the same whatever is asked; the whole test run tries them with every ask.
OF_THE_WIRE = frozenset(
    {
        "test_the_server_tells_who_it_is",
        "test_a_refused_connection_is_unreachable",
        "test_a_server_that_hangs_ends_with_the_deadline",
        "test_a_server_that_drips_ends_with_the_deadline",
        "test_a_closed_connection_is_no_answer",
        "test_who_it_is_has_no_traceback_either",
        "test_what_is_missing_has_no_traceback_either",
        "test_an_oversized_answer_is_cut_off",
        "test_hostile_texts_of_who_it_is_do_no_harm",
        "test_a_text_of_ten_megabytes_is_cut_or_refused",
        "test_a_planted_secret_is_not_kept",
        "test_the_server_sees_no_more_at_once_than_the_budget",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as slow what the first class of a source has tried already."""
    first: dict[str, type] = {}
    for item in items:
        tried = getattr(item, "cls", None)
        if HERE not in item.path.parents or not (tried and issubclass(tried, CollectorContract)):
            continue
        known = tried.kind in OVER_THAT_OF or item.get_closest_marker("slow") is not None
        if not known and first.setdefault(tried.kind, tried) is tried:
            continue
        if getattr(item, "originalname", "") in OF_THE_WIRE:
            item.add_marker(pytest.mark.slow)
