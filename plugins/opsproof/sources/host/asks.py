"""What can be asked of a host, the commands that answer it, and what checks annotate their arguments with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.listing import Listing
from opsproof.model.rights import Need
from opsproof.sources.host.facts import (
    File,
    FileSystem,
    Kubelet,
    LogRotation,
    Release,
    Service,
    Socket,
    TimeSync,
    Updates,
)

Words = tuple[str, ...]
CLOCK: Words = ("date", "-u", "+%s.%N")
IDENTITY: tuple[Words, ...] = (("cat", "/etc/machine-id"), ("cat", "/etc/os-release"), CLOCK)
_COLUMNS = "fstype,size,used,avail,itotal,iused,target"
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+")
_UNIT_TYPES = (
    "service",
    "socket",
    "target",
    "timer",
    "mount",
    "path",
    "slice",
    "scope",
    "swap",
    "automount",
    "device",
)
PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "StateChangeTimestampMonotonic")


def need(words: Words) -> Need:
    """The right to run exactly this."""
    return Need("run", shlex.join(words))


class HostAsk(Ask, frozen=True, kw_only=True):
    """An ask that commands answer; they only read."""

    @property
    def commands(self) -> tuple[Words, ...]:
        raise NotImplementedError

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(map(need, self.commands))


class FileSystemsOf(HostAsk, frozen=True, kw_only=True, tag="host/file-systems"):
    """Every mounted file system. `df -l` does not wait for a file server that is away."""

    answer: ClassVar[Any] = tuple[FileSystem, ...]
    commands: ClassVar[tuple[Words, ...]] = (
        ("cat", "/proc/self/mountinfo"),
        ("df", "-a", "-l", "-B1", f"--output={_COLUMNS}"),
    )


class ServicesOf(HostAsk, frozen=True, kw_only=True, tag="host/services"):
    """Units by their names, `samples` times, `spacing` seconds apart."""

    units: tuple[str, ...]
    samples: int = 3
    spacing: float = 1.0
    answer: ClassVar[Any] = tuple[Service, ...]

    @property
    def commands(self) -> tuple[Words, ...]:
        shown = f"--property={','.join(PROPERTIES)}"
        return (("cat", "/proc/uptime"), ("systemctl", "show", "--no-pager", shown, "--", *self.units), CLOCK)


class TimeSyncOf(HostAsk, frozen=True, kw_only=True, tag="host/time"):
    """Whether the clock is synchronized."""

    answer: ClassVar[Any] = TimeSync
    commands: ClassVar[tuple[Words, ...]] = (
        ("timedatectl", "show", "--property=NTP", "--property=NTPSynchronized"),
        CLOCK,
    )


class SocketsOf(HostAsk, frozen=True, kw_only=True, tag="host/sockets"):
    """TCP and UDP sockets that listen."""

    answer: ClassVar[Any] = tuple[Socket, ...]
    commands: ClassVar[tuple[Words, ...]] = (("ss", "-H", "-l", "-n", "-t", "-u"),)


class FilesOf(HostAsk, frozen=True, kw_only=True, tag="host/files"):
    """The files of one folder whose names match a pattern. A folder that cannot be read is no empty one."""

    folder: str
    pattern: str = "*"
    answer: ClassVar[Any] = tuple[File, ...]

    @property
    def commands(self) -> tuple[Words, ...]:
        printed = r"%y %m %u %g %s %T@ %p\0"
        where = ("-H", self.folder, "-mindepth", "1", "-maxdepth", "1")
        return (("find", *where, "-name", self.pattern, "-printf", printed), CLOCK)


class UpdatesOf(HostAsk, frozen=True, kw_only=True, tag="host/updates"):
    """What apt would upgrade: a simulation by the lists that are there, which fetches nothing."""

    answer: ClassVar[Any] = Updates
    commands: ClassVar[tuple[Words, ...]] = (
        ("apt-get", "-s", "-o", "Debug::NoLocking=true", "dist-upgrade"),
        ("find", "/var/lib/apt/lists", "-maxdepth", "1", "-name", "*Release", "-printf", r"%T@\n"),
        CLOCK,
    )


class ReleaseOf(HostAsk, frozen=True, kw_only=True, tag="host/release"):
    """Kernel, operating system, time since its start."""

    answer: ClassVar[Any] = Release
    commands: ClassVar[tuple[Words, ...]] = (
        ("uname", "-s", "-r", "-m"),
        ("cat", "/etc/os-release"),
        ("cat", "/proc/uptime"),
        ("find", "/run/", "-maxdepth", "1", "-name", "reboot-required", "-printf", r"%f\n"),
    )


class KubeletOf(HostAsk, frozen=True, kw_only=True, tag="host/kubelet"):
    """The kubelet's settings."""

    file: str = "/var/lib/kubelet/config.yaml"
    answer: ClassVar[Any] = Kubelet

    @property
    def commands(self) -> tuple[Words, ...]:
        return (("cat", self.file),)


class LogRotationOf(HostAsk, frozen=True, kw_only=True, tag="host/log-rotation"):
    """logrotate's global settings."""

    answer: ClassVar[Any] = LogRotation
    commands: ClassVar[tuple[Words, ...]] = (("cat", "/etc/logrotate.conf"),)


def unit_name(name: str) -> str:
    """`nginx` -> `nginx.service`. Raises NotConfigured for what cannot be a unit's name, a pattern among them."""
    if not _UNIT.fullmatch(name) or name.startswith("-"):
        raise NotConfigured(f"{name!r} is not the name of a unit")
    return name if name.rpartition(".")[2] in _UNIT_TYPES and "." in name else f"{name}.service"


class AllFileSystems(msgspec.Struct, frozen=True):
    """Source: the file systems of the row's host."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return (FileSystemsOf(target=context.target("host").id),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any]:
        return Listing(answers[0].value(), as_of=answers[0].clock)


class NamedServices(msgspec.Struct, frozen=True):
    """Source: the units that the row names under `services`."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        units = tuple(dict.fromkeys(map(unit_name, limits.services)))
        if not units:
            return ()
        return (
            ServicesOf(
                target=context.target("host").id,
                units=units,
                samples=int(limits.samples),
                spacing=float(limits.spacing),
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any] | None:
        return Listing(answers[0].value(), as_of=answers[0].clock) if answers else None


class TimeOf(msgspec.Struct, frozen=True):
    """Source: the state of the clock, where the row asks for it."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        return (TimeSyncOf(target=context.target("host").id),) if limits.time_sync else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        if not answers:
            return None
        return answers[0].failure if answers[0].failure is not None else answers[0].value()


FileSystems = Annotated[Listing[FileSystem], AllFileSystems()]
