"""A pytest plugin for the measured run: when each stage began, on both clocks, written at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.measure import BEGAN, STAGES

_marks: dict[str, tuple[float, float]] = {}


def _mark(name: str) -> None:
    _marks.setdefault(name, (time.monotonic() - float(os.environ[BEGAN]), time.process_time()))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    _mark("imported")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    _mark("planned")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop() -> Iterator[None]:
    _mark("asking")
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol() -> None:
    _mark("collected")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Iterator[None]:
    _mark("decided")
    result = yield
    _mark("reported")
    return result


def pytest_unconfigure(config: Any) -> None:
    if hasattr(config, "workerinput") or "reported" not in _marks:
        return
    names = list(_marks)
    told: dict[str, Any] = {"marks": _marks}
    if "collected" in names:
        told["work"] = {
            clock: _marks["decided"][index] - _marks["asking"][index]
            for index, clock in enumerate(("wall", "cpu"))
        }
    Path(os.environ[STAGES]).write_text(json.dumps(told))
