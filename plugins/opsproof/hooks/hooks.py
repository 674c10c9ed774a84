"""pytest's hooks, in the order of a run's life. Each decides nothing: it calls the stage that does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from opsproof.evidence.files import Unwritable
from opsproof.evidence.run import utc_now
from opsproof.examine.decide import Item
from opsproof.hooks import canary
from opsproof.hooks.ended import Ended, end, ended_key
from opsproof.hooks.expressions import mistaken, nothing_selected, only_planned
from opsproof.hooks.garbage import made_to_stay
from opsproof.hooks.item import CheckItem, ChecksFile
from opsproof.hooks.planning import name_of, plan, planning_key
from opsproof.hooks.running import Tell, begin, join, now_of, running_key
from opsproof.hooks.selection import expected, narrowing, selected, unautomated
from opsproof.hooks.settings import Settings
from opsproof.hooks.waiting import Decisions, collected, decisions_key
from opsproof.model.level import Level
from opsproof.report.terminal import Line, lines, notes

settings_key = pytest.StashKey[Settings]()
wanted_key = pytest.StashKey[list[Item]]()
unmet_key = pytest.StashKey[tuple[str, ...]]()
mistaken_key = pytest.StashKey[list[str]]()
_WORDS = {
    "fail": ("not kept", "F", ("FAIL", {"red": True})),
    "unknown": ("unknown", "U", ("UNKNOWN", {"purple": True})),
    "waived": ("waived", "w", ("WAIVED", {"yellow": True})),
    "not_applicable": ("not applicable", "n", ("NOT APPLICABLE", {"cyan": True})),
    "pass": ("kept", ".", ("PASS", {"green": True})),
}


def enter(config: pytest.Config, systems: Any) -> None:
    """The run reaches a folder of checks: get ready for them."""
    config.addinivalue_line("python_files", "check_*.py")
    if not canary.assertions_work():
        raise pytest.UsageError(
            "Python was started with -O or PYTHONOPTIMIZE: assertions do nothing, so no check could fail. "
            "Start it without."
        )
    config.stash[settings_key] = settings = Settings.of(config, systems)
    for marker in settings.markers:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which run it belongs to."""
    if running_key in node.config.stash:
        node.workerinput["opsproof"] = node.config.stash[running_key].told()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from an xdist worker why it stopped."""
    if running_key in node.config.stash:
        running = node.config.stash[running_key]
        if unmet := getattr(node, "workeroutput", {}).get("opsproof.unmet"):
            node.config.stash[unmet_key] = tuple(unmet)
        running.unwritten = running.unwritten or getattr(node, "workeroutput", {}).get("opsproof", "")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Plan, from files alone: bad input ends the run here, before anything is asked of a server."""
    config = session.config
    told = config.workerinput["opsproof"] if hasattr(config, "workerinput") else None
    with made_to_stay():
        planning = plan(config.stash[settings_key], now_of(told) if told else utc_now())
    config.stash[planning_key] = planning
    config.stash[mistaken_key] = list(mistaken(config, planning.planned))
    if config.option.collectonly:
        return
    tell = _teller(config)
    try:
        if told:
            config.stash[running_key] = join(planning, told, lambda why: _worker_stops(session, why), tell)
        else:
            config.stash[running_key] = begin(planning, _session_stops, tell)
    except Unwritable as why:
        raise pytest.UsageError(str(why)) from None
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    # What the guard has to say goes to the terminal, and not to where pytest keeps what tests print.
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        config.stash[running_key].guarded()


def pytest_report_header(config: pytest.Config) -> list[str]:
    shown = [config.stash[planning_key].header()] if planning_key in config.stash else []
    if running_key in config.stash:
        shown.append(f"opsproof: run {config.stash[running_key].run.folder}")
    return shown


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What no row of the plan names is not imported."""
    planning = config.stash.get(planning_key, None)
    return True if planning is not None and planning.passes_over(collection_path) else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of checks holds an item for each requirement that names one of its checks. The plan imported it."""
    planning = parent.config.stash.get(planning_key, None)
    if planning is None or planning.items_in(module_path) is None:
        return None
    made: ChecksFile = ChecksFile.from_parent(parent, path=module_path)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """See what was collected before any plugin takes some away, and what `-m` names of it after all."""
    collected = [item for item in items if isinstance(item, CheckItem)]
    found = yield
    config.stash[wanted_key] = expected(config.option.markexpr or "", config.stash[planning_key], collected)
    return found


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down what is selected, once its targets can be asked. Workers select the same: the first writes."""
    config = session.config
    # pytest comes here from a refused expression, too: nothing was looked at then.
    if running_key not in config.stash or wanted_key not in config.stash:
        return
    items = [item for item in session.items if isinstance(item, CheckItem)]
    planning, running = config.stash[planning_key], config.stash[running_key]
    config.stash[unmet_key] = unmet = planning.planned.unmet([item.planned for item in items])
    if unmet and not hasattr(config, "workerinput"):
        raise pytest.UsageError(*unmet)
    if unmet or getattr(config, "workerinput", {}).get("workerid", "gw0") != "gw0":
        return
    wanted: list[Item] = config.stash[wanted_key]
    words = narrowing(vars(config.option), whole_folder=planning.settings.whole_folder)
    selection = selected(planning, wanted, items, list(words))
    running.select(selection, {id(item.planned): item.nodeid for item in items})


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Ask every server what the selected items need, once, before the first of them is decided."""
    items = [item.planned for item in session.items if isinstance(item, CheckItem)]
    if unmet := session.config.stash.get(unmet_key, ()):
        raise _worker_refuses(session, unmet)
    stopped = session.testsfailed and not session.config.option.continue_on_collection_errors
    if items and running_key in session.config.stash and not stopped:
        running = session.config.stash[running_key]
        session.config.stash[decisions_key] = Decisions.of(running, collected(running, items))
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any, config: pytest.Config) -> Any:
    """Our outcomes, one letter and word each; pytest's FAILURES section stays for other tests."""
    if running_key in config.stash:
        config.stash[running_key].goes_on()
    outcome = dict(report.user_properties).get("outcome") if hasattr(report, "user_properties") else None
    if outcome not in _WORDS or "requirement" not in dict(report.user_properties):
        return None
    if report.outcome == "rerun":  # by pytest-rerunfailures, which counts it; the last one is the result
        return None
    decisive = report.when == "call" or (report.when == "setup" and report.outcome == "failed")
    crashed = report.when == "teardown" and report.outcome == "failed"
    if crashed:
        return None
    return _WORDS[outcome] if decisive else ("", "", "")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Judge, write the reports, and let the gate decide the exit status."""
    config, status = session.config, int(session.exitstatus)
    if running_key not in config.stash or hasattr(config, "workerinput"):
        return
    if status in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return
    running = config.stash[running_key]
    if config.stash.get(unmet_key, ()):
        session.exitstatus = int(pytest.ExitCode.USAGE_ERROR)
        return
    if running.run.decides_nothing():
        session.exitstatus = int(pytest.ExitCode.INTERRUPTED) if running.unwritten else status
        return
    config.stash[ended_key] = ended = end(running)
    _tell_junit(config, ended)
    session.exitstatus = ended.status(status, _other_tests_failed(config))


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    width = terminalreporter._tw.fullwidth
    shown: list[Line] = []
    if ended_key in config.stash:
        ended = config.stash[ended_key]
        shown += lines(
            ended.result, width=width, verbosity=config.option.verbose, folder=ended.shown_folder()
        )
        if ended.digest and config.option.verbose >= -1:
            shown.append(Line(f"manifest sha256:{ended.digest}"))
        shown += notes(_exposed(config, ended), width, {"yellow": True})
    shown += notes(_remarks(config), width, {"yellow": True, "bold": True})
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and planning_key in config.stash:
        shown += notes(_nothing_selected(config), width)
    if shown and config.option.verbose >= -1:
        terminalreporter.section("opsproof", sep="=")
    for line in shown:
        terminalreporter.write_line(line.text, **(line.markup or {}))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the servers. A run that decided nothing leaves nothing."""
    if running_key not in config.stash:
        return
    running = config.stash[running_key]
    running.close()
    if not hasattr(config, "workerinput") and not running.unwritten and running.run.decides_nothing():
        running.run.discard()


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


def _exposed(config: pytest.Config, ended: Ended) -> Iterator[str]:
    """Reports of other plugins that lie beside the runs, where others may read them."""
    for option in ("xmlpath", "htmlpath"):
        if (named := getattr(config.option, option, None)) and ended.exposes(Path(named)):
            yield f"{named} lies where other users of this machine may read it: chmod 700 {Path(named).parent}"


def _tell_junit(config: pytest.Config, ended: Ended) -> None:
    """pytest's own JUnit lies outside of the run, so that it can name the run's digest."""
    from _pytest.junitxml import xml_key

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    gate = ended.result.gate
    xml.add_global_property("opsproof.run", ended.result.provenance.run)
    xml.add_global_property("opsproof.gate", f"{'closed' if gate.closed else 'open'} at {gate.level}")
    xml.add_global_property("opsproof.integrity", gate.unsound or ended.result.integrity)
    xml.add_global_property("opsproof.manifest", f"sha256:{ended.digest}" if ended.digest else "")


def _teller(config: pytest.Config) -> Tell:
    """Prints a line where there is a terminal that wants to know."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None or config.option.verbose < 0:
        return lambda text: None

    def tell(text: str) -> None:
        reporter.ensure_newline()
        reporter.write_line(text)

    return tell


def _session_stops(why: str) -> BaseException:
    return pytest.exit.Exception(why, pytest.ExitCode.INTERRUPTED)


def _worker_stops(session: pytest.Session, why: str) -> BaseException:
    """A worker says so by pytest's `shouldstop`, which xdist hands on; of an exit status of 2 it would make a
    keyboard's interrupt."""
    session.config.workeroutput["opsproof"] = why  # type: ignore[attr-defined]
    session.shouldstop = why
    return pytest.exit.Exception(why, pytest.ExitCode.TESTS_FAILED)


def _worker_refuses(session: pytest.Session, unmet: Sequence[str]) -> BaseException:
    """A worker tells its controller what it lacks, which ends the session as a wrong usage."""
    session.config.workeroutput["opsproof.unmet"] = list(unmet)  # type: ignore[attr-defined]
    session.shouldstop = unmet[0]
    return pytest.exit.Exception(unmet[0], pytest.ExitCode.TESTS_FAILED)


def _other_tests_failed(config: pytest.Config) -> bool:
    """Failures that are not ours to judge: other tests in the same session, or a broken teardown."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    return reporter is not None and bool(reporter.stats.get("failed") or reporter.stats.get("error"))


def _remarks(config: pytest.Config) -> Iterator[str]:
    """What else the summary says of the session: what could not be written, names that nothing bears."""
    yield from config.stash.get(unmet_key, ())
    unwritten = config.stash[running_key].unwritten if running_key in config.stash else ""
    unwritten = config.stash[ended_key].unwritten if ended_key in config.stash else unwritten
    if unwritten:
        yield f"{unwritten}. The run is not whole: its exit status is 2, whatever the gate says"
    yield from config.stash.get(mistaken_key, [])


def _nothing_selected(config: pytest.Config) -> Iterator[str]:
    """What to say where the selection is empty."""
    settings, planning = config.stash[settings_key], config.stash[planning_key]
    example = next((name_of(item) for item in planning.planned.items), "")
    if not expected(settings.expression, planning, ()):
        yield from only_planned(settings.expression, unautomated(settings.expression, planning))
    yield from nothing_selected(settings.expression, settings.keywords, settings.markers, example)
