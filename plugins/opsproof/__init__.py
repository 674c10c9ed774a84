"""opsproof: a runbook's promises as pytest checks against the live environment.

The names are imported when they are used: pytest loads this package in every run of an environment that has
it installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsproof.examine.check import Check, check
    from opsproof.examine.examination import Examination
    from opsproof.model.failure import NotApplicable, Undecided
    from opsproof.model.level import CRITICAL, HIGH, LOW, MEDIUM, Level
    from opsproof.model.limits import AtLeast, AtMost, Limits, Scoped
    from opsproof.model.listing import Listing
    from opsproof.model.moment import Clock, Moment
    from opsproof.model.subject import Subject
    from opsproof.model.units import Bytes, Cores, Count, Duration, Percent

__version__ = "0.1.0"

__all__ = [
    "CRITICAL",
    "HIGH",
    "LOW",
    "MEDIUM",
    "AtLeast",
    "AtMost",
    "Bytes",
    "Check",
    "Clock",
    "Cores",
    "Count",
    "Duration",
    "Examination",
    "Level",
    "Limits",
    "Listing",
    "Moment",
    "NotApplicable",
    "Percent",
    "Scoped",
    "Subject",
    "Undecided",
    "check",
]

_HOMES = {
    "opsproof.examine.check": "Check check",
    "opsproof.examine.examination": "Examination",
    "opsproof.model.failure": "NotApplicable Undecided",
    "opsproof.model.level": "CRITICAL HIGH LOW MEDIUM Level",
    "opsproof.model.limits": "AtLeast AtMost Limits Scoped",
    "opsproof.model.listing": "Listing",
    "opsproof.model.moment": "Clock Moment",
    "opsproof.model.subject": "Subject",
    "opsproof.model.units": "Bytes Cores Count Duration Percent",
}


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names.split()), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
