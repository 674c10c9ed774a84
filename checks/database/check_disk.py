"""How full the volume is that a database keeps its data on."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Limits, Percent, Scoped, check
from opsproof.examine.volumes import Room, Volumes, VolumesOf, examine_volumes


class DatabaseDiskLimits(Limits):
    """`claims`: names of the claims behind the data directory, with `*`; each has to be there.

    `highest`: the share that may be used. `inodes`: of inodes; none: as of bytes.
    `grace`: how long a volume that a pod has just mounted may be without numbers.
    """

    claims: Scoped[tuple[str, ...]]
    highest: AtMost[Percent]
    inodes: AtMost[Percent] | None = None
    grace: Duration = Duration.parse("5m")


@check("database/disk", title="The database's volume has room", level=CRITICAL)
def check_disk(
    volumes: Annotated[Volumes, VolumesOf()], limits: DatabaseDiskLimits, examine: Examination
) -> None:
    """A database whose volume is full stops, and may not come up again before somebody makes room."""
    room = Room(limits.highest, limits.inodes or limits.highest, limits.claims, limits.grace)
    examine_volumes(volumes, room, examine)
