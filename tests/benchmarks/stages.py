"""A pytest plugin for the measured run: when each stage ended, on both clocks, written at the end."""

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


_mark("pytest")  # named on the command line, this module comes before the conftest files


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    _mark("plan")
    _watch_first_request()


def _watch_first_request() -> None:
    """Collectors are imported when they are first needed: only then does the work begin."""
    from opsproof.transport.link import Link

    request = Link.request

    def marked(*args: Any, **kwargs: Any) -> Any:
        _mark("import")
        return request(*args, **kwargs)

    setattr(Link, "request", marked)  # noqa: B010 - mypy takes an assignment for a mistake


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop() -> Iterator[None]:
    _mark("items")
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol() -> None:
    _mark("collect")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Iterator[None]:
    _mark("decide")
    result = yield
    _mark("report")
    return result


def pytest_unconfigure() -> None:
    if "plan" not in _marks:
        return
    began, ended = _marks["pytest"], _marks["plan"]  # nothing but planned
    if "collect" in _marks and "report" in _marks:
        began, ended = (
            _marks.setdefault("import", _marks["items"]),
            _marks["decide"],
        )  # a recording: no request
    told: dict[str, Any] = {"marks": _marks}
    told["work"] = {"wall": ended[0] - began[0], "cpu": ended[1] - began[1]}
    Path(os.environ[STAGES]).write_text(json.dumps(told))
