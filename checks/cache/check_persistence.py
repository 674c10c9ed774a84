"""What a Redis server would still have after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import field_validator

from opsproof import CRITICAL, AtMost, Count, Duration, Examination, Limits, Undecided, check
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure, raised_from
from opsproof.model.moment import Age, Clock
from opsproof.sources.redis.server import (
    Persistence,
    RedisSavePoints,
    RedisServer,
    Sample,
    SavePoints,
    ServerState,
)

_BETWEEN = 2  # seconds that two whole numbers of seconds may differ for one moment
NEEDS = "set `allow: [configuration]` for the target: it gives the right to CONFIG GET"


class PersistenceLimits(Limits):
    """`save`: the save points as redis.conf writes them (`900 1 300 10`), in any order; without it any will do.

    `age`: how old the newest snapshot may be while changes wait for the next one. An append-only file has no such
    age: it is written with every change.
    """

    save: str | None = None
    age: AtMost[Duration] = AtMost.parse("24h", Duration)
    samples: Count = Count(3)
    spacing: Duration = Duration(1)

    @field_validator("save")
    @classmethod
    def _are_points(cls, given: str | None) -> str | None:
        if given is not None and (
            not all(word.isdecimal() for word in given.split()) or len(given.split()) % 2
        ):
            raise ValueError("write pairs of seconds and changes, like 900 1 300 10")
        return given


@check("cache/persistence", title="The server's data outlive a restart", level=CRITICAL)
def check_persistence(
    server: Annotated[ServerState, RedisServer()],
    points: Annotated[SavePoints | Failure | None, Beside(RedisSavePoints())],
    limits: PersistenceLimits,
    examine: Examination,
) -> None:
    """A restart loses what was never written; and a server that cannot save refuses every write."""
    found = server.samples[-1] if server.samples else None
    with examine(server, measured=_age(server, found), limit=limits.age) as it:
        sample = server.of_master()
        if sample.loading:
            raise Undecided("the server is still loading its data")
        if sample.persistence.aof is None:
            raise Undecided("INFO persistence tells nothing")
        wrong = [*_failing(sample.persistence), *_configured(sample, points, limits)]
        assert not wrong, "; ".join(wrong)
        age = _age(server, sample)
        if not sample.persistence.aof and sample.persistence.changes != 0:
            if age is None or sample.persistence.changes is None:
                raise Undecided("INFO persistence tells no time of the last snapshot, or no changes since")
            age.require_past("the newest snapshot")
            it.holds(limits.age, age, f"{sample.persistence.changes} changes wait since a snapshot {age} ago")
        _require_known(sample, points, limits)


def _failing(told: Persistence) -> Iterator[str]:
    """What the server tried last, and could not."""
    if not told.saved:
        yield "the last snapshot failed (rdb_last_bgsave_status)"
    if told.aof and not told.aof_written:
        yield "the append-only file could not be written (aof_last_write_status)"
    if told.aof and not told.aof_rewritten:
        yield "the append-only file could not be rewritten (aof_last_bgrewrite_status)"


def _configured(
    sample: Sample, points: SavePoints | Failure | None, limits: PersistenceLimits
) -> Iterator[str]:
    """What is set, as far as it is known."""
    if not isinstance(points, SavePoints):
        return
    if limits.save is not None and set(points.points) != _pairs(limits.save):
        yield f"save is {_text(points) or 'empty'}; needed {limits.save}"
    elif not points.points and not sample.persistence.aof:
        yield "neither an append-only file nor save points: a restart loses everything"


def _require_known(sample: Sample, points: SavePoints | Failure | None, limits: PersistenceLimits) -> None:
    """Raises Undecided where only the configuration could tell, and it is not told."""
    if isinstance(points, SavePoints) or (limits.save is None and sample.persistence.aof):
        return
    if limits.save is None and _saves(sample):
        return
    if isinstance(points, Failure):
        raise raised_from(points)
    why = (
        "the save points are not known"
        if limits.save
        else "no snapshot was made since the start, and whether one will"
    )
    raise Undecided(f"{why}: {NEEDS}")


def _saves(sample: Sample) -> bool:
    """Whether it made a snapshot since its start, which it takes for the last one until then.

    `rdb_saves` counts snapshots that failed, too.
    """
    last, started = sample.persistence.last_save, sample.started
    return last is not None and started is not None and (last - started).total_seconds() > _BETWEEN


def _age(server: ServerState, sample: Sample | None) -> Age | None:
    """The age of the newest snapshot, by the server's own clock."""
    if sample is None or sample.persistence.last_save is None:
        return None
    return (server.clock or Clock(sample.at)).age(sample.persistence.last_save)


def _pairs(text: str) -> set[tuple[int, int]]:
    numbers = [int(word) for word in text.split()]
    return set(zip(numbers[::2], numbers[1::2], strict=True))


def _text(points: SavePoints) -> str:
    return " ".join(f"{seconds} {changes}" for seconds, changes in points.points)
