"""pytest's hooks, in the order of a run's life. Each decides nothing: it calls the stage that does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from opsproof.examine.check import Check
from opsproof.hooks import canary
from opsproof.hooks.item import CheckItem
from opsproof.hooks.options import add_options
from opsproof.hooks.session import Session
from opsproof.library import Library
from opsproof.model.level import Level
from opsproof.report.terminal import Line, lines, notes

pytest.register_assert_rewrite("opsproof.checks", "opsproof.testing")

session_key = pytest.StashKey[Session]()
_WORDS = {
    "fail": ("not kept", "F", ("FAIL", {"red": True})),
    "unknown": ("unknown", "U", ("UNKNOWN", {"purple": True})),
    "waived": ("waived", "w", ("WAIVED", {"yellow": True})),
    "not_applicable": ("not applicable", "n", ("NOT APPLICABLE", {"cyan": True})),
    "pass": ("kept", ".", ("PASS", {"green": True})),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare a session when the run reaches into a folder of checks; stay out of the way otherwise."""
    session = Session.of(config)
    if session is None:
        return
    config.addinivalue_line("python_files", "check_*.py")
    if not canary.assertions_work():
        raise pytest.UsageError(
            "Python was started with -O or PYTHONOPTIMIZE: assertions do nothing, so no check could fail. "
            "Start it without."
        )
    config.stash[session_key] = session
    for marker in session.marker_lines():
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which run it belongs to."""
    session = node.config.stash.get(session_key, None)
    if session is not None:
        node.workerinput["opsproof"] = session.for_worker()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from an xdist worker why it stopped."""
    session = node.config.stash.get(session_key, None)
    if session is not None:
        session.unwritten = session.unwritten or getattr(node, "workeroutput", {}).get("opsproof", "")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Plan, from files alone: bad input ends the run here, before anything is asked of a server."""
    own = session.config.stash.get(session_key, None)
    if own is not None:
        own.start()


def pytest_report_header(config: pytest.Config) -> list[str]:
    session = config.stash.get(session_key, None)
    return session.header() if session is not None else []


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> list[CheckItem] | None:
    """A check becomes one item for each requirement that names it; a library, those of all its checks."""
    session = collector.config.stash.get(session_key, None)
    if session is None or not isinstance(obj, (Check, Library)):
        return None
    checks = [obj] if isinstance(obj, Check) else list(obj)
    return [
        CheckItem.made(collector, session, planned) for check in checks for planned in session.items_of(check)
    ]


def pytest_collection_finish(session: pytest.Session) -> None:
    own = session.config.stash.get(session_key, None)
    if own is not None:
        own.select([item for item in session.items if isinstance(item, CheckItem)])


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Ask every server what the selected items need, once, before the first of them is decided."""
    own = session.config.stash.get(session_key, None)
    if own is not None and not session.config.option.collectonly and not session.testsfailed:
        own.collect([item.planned for item in session.items if isinstance(item, CheckItem)])
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any) -> Any:
    """Our outcomes, one letter and word each; pytest's FAILURES section stays for other tests."""
    outcome = dict(report.user_properties).get("outcome") if hasattr(report, "user_properties") else None
    if outcome not in _WORDS or "requirement" not in dict(report.user_properties):
        return None
    decisive = report.when == "call" or (report.when == "setup" and report.outcome == "failed")
    crashed = report.when == "teardown" and report.outcome == "failed"
    if crashed:
        return None
    return _WORDS[outcome] if decisive else ("", "", "")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Judge, write the reports, and let the gate decide the exit status."""
    own = session.config.stash.get(session_key, None)
    if own is not None and not session.config.option.collectonly:
        session.exitstatus = own.finish(int(session.exitstatus))


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    session = config.stash.get(session_key, None)
    if session is None:
        return
    width = terminalreporter._tw.fullwidth
    shown: list[Line] = []
    if session.result is not None:
        folder = session.shown_folder()
        shown += lines(session.result, width=width, verbosity=config.option.verbose, folder=folder)
    shown += notes(session.remarks(), width, {"yellow": True, "bold": True})
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        shown += notes(session.nothing_selected(), width)
    if shown:
        terminalreporter.section("opsproof", sep="=")
    for line in shown:
        terminalreporter.write_line(line.text, **(line.markup or {}))


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(session_key, None)
    if session is not None:
        session.close()


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_header(cells: list[str]) -> None:
    for name in ("Outcome", "Severity", "Requirement"):
        cells.insert(1, f'<th class="sortable" data-column-type="{name.lower()}">{name}</th>')


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_row(report: Any, cells: list[str]) -> None:
    from markupsafe import escape

    found = dict(getattr(report, "user_properties", ()))
    levels = [level.value for level in Level]
    for name in ("outcome", "severity", "requirement"):
        value = str(found.get(name, ""))
        order = f"{levels.index(value)} " if value in levels else ""
        cells.insert(1, f'<td class="col-{name}" title="{escape(order + value)}">{escape(value)}</td>')
