"""opsproof: a runbook's promises as pytest checks against the live environment."""

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
