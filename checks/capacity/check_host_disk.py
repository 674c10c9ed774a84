"""How full the file systems of a host are, and whether they can be written."""

from __future__ import annotations

from fnmatch import fnmatchcase

from opsproof import HIGH, AtMost, Examination, Limits, Percent, Scoped, Subject, Undecided, check
from opsproof.examine.file_systems import set_aside
from opsproof.sources.host.asks import FileSystems
from opsproof.sources.host.facts import FileSystem


class HostDiskLimits(Limits):
    """`bytes`, `inodes`: the highest share used, as df counts it. `read_only`: mount points that are meant to be.

    `without`: mount points that are not looked at, with `*`.
    """

    bytes: AtMost[Percent] = AtMost.parse("80%", Percent)
    inodes: AtMost[Percent] = AtMost.parse("80%", Percent)
    read_only: Scoped[tuple[str, ...]] = ()
    without: Scoped[tuple[str, ...]] = ()


@check("capacity/host-disk", title="Every file system has room and can be written", level=HIGH)
def check_host_disk(file_systems: FileSystems, limits: HostDiskLimits, examine: Examination) -> None:
    """A full or read-only file system stops databases, logs and logins at once."""
    for one in file_systems:
        why = _left_out(one, limits)
        if why:
            examine.exclude(one, why)
            continue
        _writable(one, limits, examine)
        _share(one, "bytes", examine, limits.bytes, one.used, _total(one.used, one.available))
        if one.inodes != 0:
            _share(one, "inodes", examine, limits.inodes, one.inodes_used, one.inodes)
        else:
            examine.exclude(Subject("inodes", one.mount), "its kind has no fixed number of inodes")


def _left_out(one: FileSystem, limits: HostDiskLimits) -> str:
    """Why it is not looked at; empty for a real file system of this host."""
    if any(fnmatchcase(one.mount, pattern) for pattern in limits.without):
        return "the row leaves it out"
    return set_aside(one.type, one.mount, remote=one.remote)


def _writable(one: FileSystem, limits: HostDiskLimits, examine: Examination) -> None:
    if one.mount in limits.read_only:
        examine.exclude(Subject("mount", one.mount), "meant to be read-only")
        return
    measured = "read-only" if one.read_only else "writable"
    with examine(Subject("mount", one.mount), measured=measured, limit="writable"):
        assert not one.read_only, (
            "mounted read-only; after an error of the disk the kernel does that by itself"
        )


def _share(
    one: FileSystem, what: str, examine: Examination, limit: AtMost[Percent], used: int | None, of: int | None
) -> None:
    share = Percent(used / of) if used is not None and of else None
    with examine(Subject(what, one.mount), measured=share, limit=limit) as it:
        if share is None:
            raise Undecided(f"df tells no {what} of it")
        it.holds(limit, share, f"{share} of its {what} used; needed: {limit}")


def _total(used: int | None, available: int | None) -> int | None:
    """What users can fill: without what is reserved for root."""
    return None if used is None or available is None else used + available
