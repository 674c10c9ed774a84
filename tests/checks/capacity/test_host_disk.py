"""capacity/host-disk on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from checks.capacity.check_host_disk import HostDiskLimits, check_host_disk
from opsproof import HIGH, Examination, Listing
from opsproof.model.finding import Finding
from opsproof.model.level import CRITICAL
from opsproof.model.outcome import Outcome
from opsproof.sources.host.facts import FileSystem

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def disk(mount: str = "/", **more: Any) -> FileSystem:
    """Half full, writable."""
    given = {
        "type": "ext4",
        "size": 110,
        "used": 50,
        "available": 50,
        "inodes": 100,
        "inodes_used": 10,
        **more,
    }
    return FileSystem(mount=mount, **given)


def examined(*disks: FileSystem, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    check_host_disk(Listing(disks, as_of=NOW), HostDiskLimits(**limits), examine)
    return examine


def only(examine: Examination) -> Finding:
    (finding,) = examine.findings
    return finding


def test_room_in_bytes_and_inodes_passes() -> None:
    """Writable, bytes, inodes: three of each file system; the limit itself is allowed."""
    assert (3, []) == ((found := examined(disk(used=80, available=20))).passed, found.findings)


def test_what_is_reserved_for_root_is_not_room() -> None:
    """As df counts: 85 of the 100 that users can fill, though the disk has 110."""
    finding = only(examined(disk(used=85, available=15)))
    assert (Outcome.FAIL, "85 %", "/") == (finding.outcome, finding.measured.text, finding.subject.name)


def test_no_inodes_left_fails_though_there_is_room() -> None:
    finding = only(examined(disk(inodes_used=95)))
    assert ("inodes", "95 %") == (finding.subject.kind, finding.measured.text)


def test_steps_give_the_level() -> None:
    assert (
        only(examined(disk(used=95, available=5), bytes={"medium": "80%", "critical": "90%"})).level
        is CRITICAL
    )


def test_read_only_fails_unless_the_row_means_it() -> None:
    """And what was meant to be read-only may still be too full."""
    assert Outcome.FAIL is only(examined(disk(read_only=True))).outcome
    meant = examined(disk("/usr", read_only=True), read_only=["/usr"])
    assert ([], 2) == (meant.findings, meant.passed)


def test_a_file_system_of_which_nothing_is_told_is_unknown() -> None:
    """df was refused there: neither room nor full."""
    found = examined(disk(used=None, available=None, inodes=None, inodes_used=None))
    assert [Outcome.UNKNOWN, Outcome.UNKNOWN] == [one.outcome for one in found.findings]
    assert "df tells no bytes of it" == found.findings[0].message


def test_one_that_gives_inodes_as_it_needs_them_has_none_to_run_out_of() -> None:
    found = examined(disk(type="btrfs", inodes=0, inodes_used=0))
    assert ([], 2) == (found.findings, found.passed)


def test_what_is_no_disk_is_left_out_with_a_note() -> None:
    """Full or read-only by their kind, or another machine's."""
    full = {"used": 100, "available": 0, "read_only": True}
    found = examined(
        disk("/proc", type="proc"), disk("/snap/x", type="squashfs", **full), disk("/nfs", type="nfs4", remote=True),
        disk("/var/lib/docker/overlay2/x/merged", type="overlay", **full), disk("/mnt/old", **full), without=["/mnt/*"],
    )  # fmt: skip
    assert found.nothing_examined
    assert 5 == len(found.excluded)


def test_the_root_of_a_container_is_looked_at() -> None:
    assert Outcome.FAIL is only(examined(disk("/", type="overlay", used=90, available=10))).outcome
