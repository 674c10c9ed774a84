"""Mounted file systems, of the kernel's table and of df."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from opsproof.model.text import cut
from opsproof.sources.host.facts import FileSystem
from opsproof.sources.host.reading.lines import Unreadable, lines, told

# File systems of other machines, for which `df -l` does not wait.
REMOTE = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "afs", "lustre", "fuse.sshfs", "fuse.glusterfs",
})  # fmt: skip
_OCTAL = re.compile(r"\\([0-7]{3})")
_HEAD = "Type 1B-blocks Used Avail Inodes IUsed Mounted on"
_FIELDS = 7


class _Mount(msgspec.Struct, frozen=True):
    device: str
    point: str
    type: str
    read_only: bool


def file_systems(mountinfo: bytes, df: bytes) -> tuple[FileSystem, ...]:
    """Each file system once; one of which df tells nothing has no numbers."""
    numbers = dict(_df(df))
    visible = {mount.point: mount for mount in map(_mount, lines(mountinfo))}
    if "/" not in visible:
        raise Unreadable("there is no root")
    by_device: dict[str, list[_Mount]] = {}
    for mount in visible.values():
        by_device.setdefault(mount.device, []).append(mount)
    return tuple(_made(mounts, numbers) for mounts in by_device.values())


def _mount(line: str) -> _Mount:
    """One line of mountinfo: ids, device, root, mount point, options, optional fields, -, type, source, options."""
    before, dash, after = line.partition(" - ")
    own, file_system = before.split(" "), after.split(" ")
    if not dash or len(own) < 6 or len(file_system) < 3:
        raise Unreadable("it is no table of mounts")
    options = {*own[5].split(","), *file_system[2].split(",")}
    return _Mount(own[2], _plain(own[4]), file_system[0], "ro" in options)


def _plain(text: str) -> str:
    """The kernel writes blanks and line breaks as octal numbers."""
    raw = _OCTAL.sub(lambda match: chr(int(match[1], 8) & 0xFF), text)
    return cut(raw, 4096)


def _df(out: bytes) -> Iterable[tuple[str, tuple[int | None, ...]]]:
    """Numbers by mount point. df prints one line for each mount, the last is what is seen there."""
    found = list(lines(out))
    if not found or " ".join(found[0].split()) != _HEAD:
        raise Unreadable("its head is another")
    for line in found[1:]:
        parts = line.split(None, _FIELDS - 1)
        if len(parts) != _FIELDS:
            raise Unreadable("a line has too few columns")
        yield cut(parts[-1], 4096), tuple(map(told, parts[1:-1]))


def _made(mounts: list[_Mount], numbers: dict[str, tuple[int | None, ...]]) -> FileSystem:
    shortest = min(mounts, key=lambda mount: (len(mount.point), mount.point))
    size, used, available, inodes, inodes_used = numbers.get(shortest.point, (None,) * 5)
    return FileSystem(
        mount=shortest.point,
        type=cut(shortest.type, 64),
        read_only=all(mount.read_only for mount in mounts),
        remote=shortest.type in REMOTE,
        size=size,
        used=used,
        available=available,
        inodes=inodes,
        inodes_used=inodes_used,
    )
