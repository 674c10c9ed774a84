"""Debian's sshd on loopback, with a host key and a user's key of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra
from msgspec.structs import replace

from opsproof.model.failure import Forbidden, IdentityMismatch, TimedOut, Unauthenticated, Unreachable
from opsproof.model.rights import Account
from opsproof.model.target import Target
from opsproof.sources.host.asks import FilesOf, FileSystemsOf, ReleaseOf, SocketsOf
from opsproof.sources.host.collector import HostCollector
from opsproof.sources.host.rights import RIGHTS
from opsproof.sources.host.settings import HOST_KEY, MACHINE, HostSettings
from opsproof.testing.faulty import unused_port
from opsproof.testing.links import RecordingLink, target_of

SSHD = Path("/usr/sbin/sshd")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SSHD.exists() or os.geteuid() != 0, reason="Debian's openssh-server, as root"),
]
FILE_SYSTEMS = FileSystemsOf(target="host:test")


@dataclass(frozen=True)
class Sshd:
    """A running server, in its folder with the keys."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1", "port": self.port, "user": "root", "key": str(self.folder / "user"),
            "known_hosts": str(self.folder / "known_hosts"),
        }  # fmt: skip

    def authorize(self, options: str = "") -> None:
        public = (self.folder / "user.pub").read_text()
        (self.folder / "authorized").write_text(f"{options} {public}".lstrip())

    def collected(self, ask: Any, **more: Any) -> Any:
        target = target_of("host", **{**self.settings, **more})
        collector = HostCollector(target)
        try:
            return collector.collect(ask, RecordingLink(target, seconds=60))
        finally:
            collector.close()


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    for name in ("host", "user", "other"):
        keygen(tmp_path / name)
    port = unused_port()
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    (tmp_path / "sshd.conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {tmp_path}/authorized\nStrictModes no\nPermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n"
    )
    public = " ".join((tmp_path / "host.pub").read_text().split()[:2])
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    command = [str(SSHD), "-D", "-e", "-f", str(tmp_path / "sshd.conf")]
    with (tmp_path / "sshd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        reachable(port, process, tmp_path / "sshd.log")
        server = Sshd(tmp_path, port, process)
        server.authorize()
        yield server
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


def keygen(file: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)


def reachable(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())


def test_what_it_tells_is_what_testinfra_sees(sshd: Sshd, tmp_path: Path) -> None:
    """Another reader of the same machine: its root, a file, the listening socket, the release."""
    here = testinfra.get_host("local://")
    (tmp_path / "a file").write_text("four")
    by_mount = {one.mount: one for one in sshd.collected(FILE_SYSTEMS)}
    assert here.mount_point("/").filesystem == by_mount["/"].type
    usage = shutil.disk_usage("/")
    assert usage.total == pytest.approx(by_mount["/"].size, rel=0.01)
    (file,) = sshd.collected(FilesOf(target="host:test", folder=str(tmp_path), pattern="a file"))
    seen = here.file(str(tmp_path / "a file"))
    assert (seen.size, seen.user, f"{seen.mode:o}") == (file.size, file.owner, file.mode)
    assert here.socket(f"tcp://127.0.0.1:{sshd.port}").is_listening
    assert sshd.port in {one.port for one in sshd.collected(SocketsOf(target="host:test"))}
    assert here.system_info.release == sshd.collected(ReleaseOf(target="host:test")).version


def test_it_proves_who_it_is(sshd: Sshd) -> None:
    """As ssh-keygen prints it; the machine's id itself is told to nobody."""
    printed = subprocess.run(
        ["ssh-keygen", "-lf", str(sshd.folder / "host.pub")], capture_output=True, text=True, check=True
    )
    target = target_of("host", **sshd.settings)
    collector = HostCollector(target)
    report = collector.identify(RecordingLink(target))
    collector.close()
    assert printed.stdout.split()[1] == report.identity[HOST_KEY]
    assert 64 == len(report.identity[MACHINE])
    assert Path("/etc/machine-id").read_text().strip() not in str(report)


def test_another_host_key_is_refused(sshd: Sshd) -> None:
    """By known_hosts, and by the declared identity."""
    other = " ".join((sshd.folder / "other.pub").read_text().split()[:2])
    (sshd.folder / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {other}\n")
    with pytest.raises(IdentityMismatch):
        sshd.collected(FILE_SYSTEMS)
    identity = {HOST_KEY: "SHA256:" + "a" * 43}
    made = HostSettings.model_validate({**sshd.settings, "identity": identity}, context="/")
    target: Target = replace(target_of("host", local=True), settings=made, identity=identity)
    with pytest.raises(IdentityMismatch, match="another server"):
        HostCollector(target).collect(FILE_SYSTEMS, RecordingLink(target))


def test_another_users_key_is_unauthenticated(sshd: Sshd) -> None:
    with pytest.raises(Unauthenticated):
        sshd.collected(FILE_SYSTEMS, key=str(sshd.folder / "other"))


def test_a_frozen_server_ends_with_the_deadline(sshd: Sshd) -> None:
    """The kernel still accepts for it."""
    sshd.process.send_signal(signal.SIGSTOP)
    target = target_of("host", **sshd.settings)
    with pytest.raises(TimedOut):
        HostCollector(target).collect(FILE_SYSTEMS, RecordingLink(target, seconds=1))


def test_a_server_that_is_gone_is_unreachable(sshd: Sshd) -> None:
    sshd.process.terminate()
    sshd.process.wait(60)
    with pytest.raises(Unreachable, match="refused"):
        sshd.collected(FILE_SYSTEMS)


def test_the_printed_script_binds_the_key_to_its_commands(sshd: Sshd) -> None:
    """What it was written for is answered, anything else is forbidden."""
    target = target_of("host", **sshd.settings)
    (file,) = RIGHTS.files((*FILE_SYSTEMS.needs, *RIGHTS.identity), target, Account())
    script = sshd.folder / file.name
    script.write_text(file.text)
    script.chmod(0o755)
    sshd.authorize(f'restrict,command="{script}"')
    assert "/" in {one.mount for one in sshd.collected(FILE_SYSTEMS)}
    with pytest.raises(Forbidden, match="the command uname"):
        sshd.collected(ReleaseOf(target="host:test"))
