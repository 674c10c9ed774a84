"""What a check receives, made in a line: listings with gaps, answers, and the examination of one check."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.examine.check import Check
from opsproof.examine.examination import Examination
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.model.listing import Listing
from opsproof.model.moment import Clock

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)


def ago(**units: float) -> datetime:
    """`ago(minutes=5)`: by the clock of the servers that answer here."""
    return NOW - timedelta(**units)


def listing(*items: Any, gaps: Iterable[Failure] = ()) -> Listing[Any]:
    """What a source that lists gives; `gaps` are the scopes that did not answer."""
    return Listing(items, as_of=Clock(NOW), gaps=gaps)


def answer(ask: Ask, facts: Any = None, failure: Failure | None = None) -> Answer[Any]:
    """One ask's answer, as an argument assembles it."""
    return Answer(ask, facts, failure, Clock(NOW))


def examined(check: Check, *arguments: Any, **limits: Any) -> Examination:
    """The check, called with its arguments in their order and with limits as a row writes them."""
    examine = Examination(level=check.level, measures=check.measures)
    rest = {"limits": check.limits.model_validate(limits)} if "limits" in check.parameters else {}
    check.function(*arguments, **rest, examine=examine)
    return examine
