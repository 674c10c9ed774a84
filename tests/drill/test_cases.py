"""Each way that a backup can be wrong, on a real server; and what is left of a drill that is ended."""

from __future__ import annotations

import os
import re
import signal

import msgspec
import pytest

from opsproof.sources.drill.facts import Drill
from tests.drill import namespaces
from tests.drill.cases import CASES, Case, found, started
from tests.drill.page import PAGE
from tests.drill.shop import Shop
from tests.testbed import process

_BUILT = pytest.mark.testbed  # the server has to be built before


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [pytest.param(one, marks=_BUILT if one.bucket else ()) for one in CASES],
    ids=lambda case: case.name,
)
def test_what_is_wrong_with_a_backup_is_found_and_nothing_is_left(shop: Shop, case: Case) -> None:
    case.make(shop)
    came = found(case.target(shop))
    assert came.failure.startswith(case.fails)
    assert bool(came.failure) is bool(case.fails)
    assert (came.tested, came.whole) == (case.tested, case.whole)
    assert shop.databases == set()
    assert not came.drill.left


def test_the_page_shows_each_case_as_it_is_expected() -> None:
    """The measured times are of the machine that wrote it: `python -m tests.drill`, and `velero` behind it."""
    shown = re.findall(r"^\| (.+?) \| (PASS|FAIL|UNKNOWN) \| (PASS|FAIL|UNKNOWN) \|", PAGE.read_text(), re.M)
    expected = [
        *((case.name, case.tested, case.whole) for case in CASES),
        *((case.name, case.outcome, case.outcome) for case in namespaces.CASES),
    ]
    assert shown == [(name, tested.value.upper(), whole.value.upper()) for name, tested, whole in expected]


@pytest.mark.slow
def test_killed_alone_it_leaves_nothing_either(shop: Shop) -> None:
    """Its children live on, and end by themselves."""
    drilling = started(shop)
    os.kill(drilling.pid, signal.SIGKILL)
    drilling.wait()
    process.await_that("its database is gone", lambda: not shop.databases)


@pytest.mark.slow
def test_interrupted_it_cleans_up_itself_and_says_so(shop: Shop) -> None:
    drilling = started(shop)
    drilling.send_signal(signal.SIGINT)
    drilling.wait()
    assert shop.databases == set()
    (record,) = shop.records.iterdir()
    left = msgspec.json.decode(record.read_bytes(), type=Drill)
    assert left.ended is not None
    assert not left.good
