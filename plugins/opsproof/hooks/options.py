"""The options and ini settings; their help is their documentation."""

from __future__ import annotations

import pytest


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("opsproof", "runbook requirements against the live environment")
    group.addoption(
        "--env",
        action="append",
        default=[],
        metavar="SYSTEM/ENVIRONMENT",
        help="what to check: system/environment, or an environment of every system that has it; repeatable",
    )
    group.addoption(
        "--gate",
        choices=["critical", "high", "medium", "low"],
        default=None,
        help="levels below this one are listed, but do not close the gate (default: the environment's, else low)",
    )
    group.addoption(
        "--replay",
        metavar="RUN",
        default=None,
        help="decide again from the facts of an earlier run (its folder, e.g. reports/latest); asks no server",
    )
    group.addoption(
        "--accept-altered",
        action="store_true",
        help="with --replay: let the gate decide even on a run that is altered or incomplete",
    )
    group.addoption(
        "--limits",
        action="append",
        default=[],
        metavar="REQUIREMENT.LIMIT=VALUE",
        help="with --replay: what would have changed with another limit, e.g. RS-048.highest=60%%",
    )
    group.addoption(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a name that the files declare `from: run`, e.g. version=v1.2.3; repeatable",
    )
    group.addoption(
        "--reports", metavar="FOLDER", default=None, help="where runs leave their folder (default: reports)"
    )
    group.addoption(
        "--deadline", metavar="DURATION", default=None, help="for the whole run, e.g. 10m (the default)"
    )
    group.addoption(
        "--wait",
        metavar="DURATION",
        default=None,
        help="after a change: ask what is undecided or in transition again for so long, e.g. 10m",
    )
    group.addoption(
        "--strict-selection",
        action="store_true",
        help="a run of less than what -m names (PARTIAL) closes the gate",
    )
    parser.addini("opsproof_environment", "the environment to check when --env is not given", default="")
    parser.addini(
        "opsproof_systems", "the folder of systems, relative to the rootdir", default="checks/systems"
    )
    parser.addini(
        "opsproof_reports", "where runs leave their folder, relative to the rootdir", default="reports"
    )
    parser.addini("opsproof_deadline", "the deadline of a whole run", default="10m")
    parser.addini("opsproof_strict_selection", "as --strict-selection", type="bool", default=False)
    parser.addini(
        "opsproof_memory", "what a process of a run may take of memory, whatever servers send", default="400M"
    )
