"""systemd's units, and its word on the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsproof.model.text import cut
from opsproof.sources.host.asks import PROPERTIES
from opsproof.sources.host.facts import TimeSync, UnitSample
from opsproof.sources.host.reading.lines import Unreadable, assignments, number

_UNSET = "18446744073709551615"  # systemd's word for no number


def unit_samples(out: bytes, units: Sequence[str], started: datetime) -> list[UnitSample]:
    """What `systemctl show` prints of these units, in their order, with an empty line between two.

    Args:
        started: when the host was started, by its clock: units count from there.
    """
    blocks = out.decode("utf-8", "replace").split("\n\n")
    if len(blocks) != len(units):
        raise Unreadable("it tells of another number of units")
    ended = [block if block.endswith("\n") else f"{block}\n" for block in blocks[:-1]]
    return [_sample(assignments(block.encode()), started) for block in [*ended, blocks[-1]]]


def _sample(found: dict[str, str], started: datetime) -> UnitSample:
    # A unit that is no service has neither a result nor restarts.
    if not {"LoadState", "ActiveState", "SubState"} <= found.keys() <= set(PROPERTIES):
        raise Unreadable("other properties than those that were asked for")
    restarts = found.get("NRestarts", "")
    return UnitSample(
        load=cut(found["LoadState"], 32),
        active=cut(found["ActiveState"], 32),
        sub=cut(found["SubState"], 32),
        result=cut(found.get("Result", ""), 32),
        restarts=number(restarts) if restarts and restarts != _UNSET else None,
        changed=_changed(found.get("StateChangeTimestampMonotonic", ""), started),
    )


def _changed(text: str, started: datetime) -> datetime | None:
    if text in {"", "0", _UNSET}:
        return None
    try:
        return started + timedelta(microseconds=number(text))
    except OverflowError:
        raise Unreadable("a time is none") from None


def time_sync(out: bytes) -> TimeSync:
    """What `timedatectl show` prints."""
    found = assignments(out)
    return TimeSync(
        synchronized=_yes(found.get("NTPSynchronized")),
        service=found.get("NTP") == "yes",
    )


def _yes(word: str | None) -> bool:
    if word not in {"yes", "no"}:
        raise Unreadable("it does not say whether the clock is synchronized")
    return word == "yes"
