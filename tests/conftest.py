"""Fixtures for all tests: the testbed's real servers, and what they prove."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from opsproof.model.result import Result
from tests.detection import Detection
from tests.faults.run import findings, in_time
from tests.testbed import place, process

# How fast a machine is says nothing about the code: no example has a deadline. Fixtures are files to be overwritten.
settings.register_profile(
    "opsproof",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("opsproof")

absent_key = pytest.StashKey[str]()
_folders_key = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Sessions at once in one folder clear away each other's old ones, and end in an error over it."""
    if not hasattr(config, "workerinput") and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        config.stash[_folders_key] = Path(tempfile.mkdtemp(prefix="op-"))  # short: sockets lie below
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(config.stash[_folders_key])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What failed leaves its folders to be looked at."""
    folders = session.config.stash.get(_folders_key, None)
    if folders is not None and exitstatus == 0:
        shutil.rmtree(folders, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", default="1/1", help="run every N-th test, beginning with the K-th: K/N")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever uses the testbed is marked so, for the loop that does without."""
    number, count = map(int, config.getoption("--share").split("/"))
    items[:] = items[number - 1 :: count]
    for item in items:
        if "testbed" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.testbed)


@pytest.fixture(scope="session")
def testbed(request: pytest.FixtureRequest) -> None:
    """The real servers, up and healthy. Where they cannot be: a failure in CI, else a skip that is listed."""
    from tests.testbed import __main__ as bed
    from tests.testbed.process import TestbedError

    try:
        bed.up()
    except TestbedError as why:
        request.config.stash[absent_key] = str(why)
        if os.environ.get("CI"):
            pytest.fail(f"the testbed is not there: {why}")
        pytest.skip(f"the testbed is not there: {why}")


@pytest.fixture(scope="session")
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Mapping[str, int]]]:
    """A folder and ports for servers of this process alone, whoever runs tests beside it; ended with it."""
    from tests.testbed.services import postgres

    folder = tmp_path_factory.mktemp("place")
    with place.free_ports() as ports:
        yield folder, ports
        with place.elsewhere(folder, ports):
            process.stop_all()
            shutil.rmtree(postgres.home().parent, ignore_errors=True)


@pytest.fixture(scope="module")
def apart(own_place: tuple[Path, Mapping[str, int]]) -> Iterator[None]:
    """The services of the testbed are this process's own: the everyday loop needs no testbed, and disturbs none."""
    with place.elsewhere(*own_place):
        yield


# "A database, if one exists": the testbed's has none.
WITHOUT_SUBJECT = {"OF-073"}


@pytest.fixture(scope="session")
def healthy(testbed: None, detection: Detection, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The run on the healthy testbed that every scenario is compared with: all requirements pass."""
    result = in_time(tmp_path_factory.mktemp("healthy"))
    bad = [
        f"{one.requirement.id} {one.outcome.value}: {finding.subject}: {finding.message}"
        for one in result.requirements
        for finding in findings(one)
        if one.outcome.value != ("not_applicable" if one.requirement.id in WITHOUT_SUBJECT else "pass")
    ]
    assert not bad, "\n".join(["the healthy testbed is not healthy:", *bad])
    detection.healthy(result)
    return result


@pytest.fixture(scope="session")
def detection() -> Iterator[Detection]:
    """Collects what the session proves; `tests.parts` writes `docs/detection.md` of it."""
    found = Detection()
    yield found
    if file := os.environ.get("OPSPROOF_DETECTED"):
        found.keep(Path(file))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    why = config.stash.get(absent_key, None)
    if why is not None:
        terminalreporter.section("tests that did not run")
        terminalreporter.write_line(f"everything that needs the testbed: {why}")


@pytest.fixture
def repository() -> Path:
    return Path(__file__).parents[1]
