"""The door. It is loaded in every pytest run: it looks where the arguments lead, and imports the rest only
when they reach checks that are asked for."""

from __future__ import annotations

import pytest

from opsproof.hooks.options import add_options
from opsproof.hooks.reach import Reach, asked_in_vain, reach

pytest.register_assert_rewrite("opsproof.checks", "opsproof.testing")

reach_key = pytest.StashKey[Reach]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Let the hooks in when the run asks for checks; stay out of the way otherwise."""
    reached = reach(config)
    if reached is None:
        if words := asked_in_vain(config):
            raise pytest.UsageError(words)
        return
    config.stash[reach_key] = reached
    if reached.asked:
        from opsproof.hooks.garbage import made_to_stay

        with made_to_stay():
            from opsproof.hooks import hooks

        hooks.enter(config, reached.systems)
        config.pluginmanager.register(hooks, "opsproof.hooks")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A run that only came across the folder of checks says how they are run."""
    reached = config.stash.get(reach_key, None)
    if reached is not None and not reached.asked:
        folder = reached.shown(config.invocation_params.dir)
        terminalreporter.write_line(
            f"opsproof: nothing was checked: a run that asks servers names its folder: pytest {folder}"
        )
