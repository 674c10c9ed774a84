"""What commands print, as facts; anything else is not understood."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from opsproof.sources.host.facts import Kubelet, Socket, TimeSync, Update
from opsproof.sources.host.reading import lines, mounts, system, units
from opsproof.sources.host.reading.lines import Unreadable

HEAD = b"Type        1B-blocks        Used       Avail   Inodes  IUsed Mounted on\n"
ROOT = b"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
DF_ROOT = b"ext4 110 50 50 100 10 /\n"
STARTED = datetime(2026, 11, 21, 8, 0, tzinfo=timezone.utc)


def by_mount(mountinfo: bytes, df: bytes) -> dict[str, Any]:
    return {one.mount: one for one in mounts.file_systems(mountinfo, HEAD + df)}


def test_a_file_system_has_the_numbers_of_its_mount_point() -> None:
    one = by_mount(ROOT, DF_ROOT)["/"]
    assert (110, 50, 50, 100, 10) == (one.size, one.used, one.available, one.inodes, one.inodes_used)
    assert (False, False, "ext4") == (one.read_only, one.remote, one.type)


def test_one_that_is_mounted_twice_is_one() -> None:
    """And it is writable if one of its mounts is."""
    bind = b"23 22 8:1 /x /srv/x ro,relatime - ext4 /dev/sda1 rw\n"
    found = by_mount(ROOT + bind, DF_ROOT + b"ext4 110 50 50 100 10 /srv/x\n")
    assert ([("/", False)]) == [(one.mount, one.read_only) for one in found.values()]


def test_an_error_that_made_it_read_only_stands_in_the_options_of_the_file_system() -> None:
    """After errors=remount-ro the mount still says rw."""
    broken = ROOT.replace(b"/dev/sda1 rw", b"/dev/sda1 ro,errors=remount-ro")
    assert by_mount(broken, DF_ROOT)["/"].read_only


def test_a_mount_of_which_df_tells_nothing_has_no_numbers() -> None:
    """It was refused there, or it is another machine's."""
    more = b"23 22 0:50 / /nfs rw - nfs4 srv:/x rw\n24 22 8:2 / /data rw - ext4 /dev/sdb1 rw\n"
    found = by_mount(ROOT + more, DF_ROOT + b"ext4 - - - - - /data\n")
    assert (None, None) == (found["/nfs"].used, found["/data"].used)
    assert (True, False) == (found["/nfs"].remote, found["/data"].remote)


def test_blanks_and_colons_in_a_mount_point_are_its_own() -> None:
    odd = rb"23 22 8:2 / /a\040b\134c rw - ext4 /dev/sdb1 rw" + b"\n"
    assert 7 == by_mount(ROOT + odd, DF_ROOT + b"ext4 9 7 2 5 1 /a b\\c\n")["/a b\\c"].used


def test_what_is_mounted_over_is_what_counts() -> None:
    """The last mount of a point is what is seen there."""
    over = b"23 22 8:2 / /data rw - ext4 /dev/sdb1 rw\n24 22 8:3 / /data ro - xfs /dev/sdc1 ro\n"
    found = by_mount(ROOT + over, DF_ROOT + b"ext4 - - - - - /data\nxfs 9 7 2 5 1 /data\n")
    assert ("xfs", True, 7) == (found["/data"].type, found["/data"].read_only, found["/data"].used)


def test_units_are_told_in_their_order() -> None:
    out = (
        b"Result=exit-code\nNRestarts=4\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\n"
        b"StateChangeTimestampMonotonic=60000000\n\n"
        b"LoadState=not-found\nActiveState=inactive\nSubState=dead\nStateChangeTimestampMonotonic=0\n"
    )
    first, second = units.unit_samples(out, ("a.service", "b.timer"), STARTED)
    assert ("auto-restart", 4, STARTED + timedelta(minutes=1)) == (first.sub, first.restarts, first.changed)
    assert ("not-found", None, None) == (second.load, second.restarts, second.changed)


def test_fewer_units_than_were_asked_for_are_no_answer() -> None:
    """Else the state of one would be taken for that of another."""
    with pytest.raises(Unreadable):
        units.unit_samples(
            b"LoadState=loaded\nActiveState=active\nSubState=x\n", ("a.service", "b.service"), STARTED
        )


def test_time_is_synchronized_only_by_a_yes() -> None:
    assert TimeSync(synchronized=True, service=False) == units.time_sync(b"NTP=no\nNTPSynchronized=yes\n")
    assert not units.time_sync(b"NTP=yes\nNTPSynchronized=no\n").synchronized
    with pytest.raises(Unreadable):
        units.time_sync(b"NTP=yes\n")


def test_sockets_of_both_families() -> None:
    out = b"udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:*\ntcp LISTEN 0 128 [::]:22 [::]:*\n"
    assert (
        Socket(protocol="udp", address="127.0.0.1", port=323),
        Socket(protocol="tcp", address="[::]", port=22),
    ) == system.sockets(out)


def test_files_with_any_name() -> None:
    """Blanks and line breaks in it are the name's."""
    (one,) = system.files(b"f 640 root adm 12 1700000000.5000000000 /var/a b\nc\0")
    assert ("/var/a b\nc", "640", "adm", 12) == (one.path, one.mode, one.group, one.size)
    assert datetime.fromtimestamp(1700000000.5, timezone.utc) == one.modified


def test_pending_updates_of_a_security_archive() -> None:
    apt = (
        b"Reading package lists...\n"
        b"Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])\n"
        b"Inst lib (1.1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []\n"
        b"Inst new (2 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [all])\n"
        b"Conf bash (5.2.15-2+b13 Debian:12.15/oldstable [amd64])\n"
    )
    found = system.updates(apt, b"1700000000.0000000000\n1600000000.0000000000\n")
    assert [("bash", False), ("lib", True), ("new", True)] == [
        (one.package, one.security) for one in found.pending
    ]
    assert (
        Update(package="bash", version="5.2.15-2+b13", origin="Debian:12.15/oldstable", security=False)
        in found.pending
    )
    assert 1700000000 == (found.listed or STARTED).timestamp()


def test_the_release_of_a_host() -> None:
    os = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
    found = system.release(b"Linux 6.1.0-28 x86_64\n", os, b"60.5 9.0\n", b"reboot-required\n")
    assert ("Linux 6.1.0-28", "x86_64", "Debian GNU/Linux", "12", 60.5, True) == (
        found.kernel, found.machine, found.name, found.version, found.up, found.restart,
    )  # fmt: skip


def test_of_the_kubelet_what_is_looked_at_and_nothing_else() -> None:
    document = {
        "kind": "KubeletConfiguration",
        "containerLogMaxSize": "10Mi",
        "readOnlyPort": 0,
        "evictionHard": {"memory.available": "100Mi"},
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": "/x"}},
        "staticPodURLHeader": {"Authorization": ["Bearer secret"]},
    }
    wanted = Kubelet(
        container_log_max_size="10Mi",
        read_only_port=0,
        anonymous=False,
        eviction_hard={"memory.available": "100Mi"},
    )
    assert wanted == system.kubelet(document)


def test_the_global_settings_of_logrotate() -> None:
    out = b"# see man\nweekly\nrotate 4\ninclude /etc/logrotate.d\n/var/log/x {\n  rotate 99\n}\nsize 10M\n"
    assert {"weekly": "", "rotate": "4", "size": "10M"} == system.log_rotation(out).settings


@pytest.mark.parametrize(
    ("read", "out"),
    [
        (lambda out: mounts.file_systems(out, HEAD), b""),
        (lambda out: mounts.file_systems(out, HEAD), b"22 1 8:1 / /data rw - ext4 /dev/sda1 rw\n"),
        (lambda out: mounts.file_systems(out, HEAD), ROOT[:-1]),
        (lambda out: mounts.file_systems(ROOT, out), b"Filesystem 1K-blocks\n"),
        (lambda out: mounts.file_systems(ROOT, out), b"Type 1B-blocks Used Avail Inodes IUsed Mounted on\next4 1 2 3\n"),
        (lambda out: mounts.file_systems(ROOT, out), HEAD + b"ext4 -5 1 1 1 1 /\n"),
        (lines.clock, b"yesterday\n"),
        (lines.clock, b"99999999999999999999\n"),
        (lines.seconds, b"1\n2\n"),
        (system.machine_id, b"uninitialized\n"),
        (system.machine_id, b""),
        (system.os_release, b"<html>\n"),
        (system.sockets, b"tcp LISTEN 0 128 [::] [::]:*\n"),
        (system.files, b"f 640 root adm 12 1700000000.5 /var/a"),
        (system.files, b"f rw- root adm 12 1700000000.5 /var/a\0"),
        (lambda out: system.updates(out, b""), b"Inst \n"),
        (system.kubelet, {"kind": "Pod"}),
        (system.kubelet, "text"),
        (system.log_rotation, b"\n"),
    ],
)  # fmt: skip
def test_anything_else_is_not_understood(read: Callable[[Any], Any], out: Any) -> None:
    with pytest.raises(Unreadable):
        read(out)
