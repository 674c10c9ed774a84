"""What a host says of itself. No file's content but a few named settings, no process, no environment."""

from __future__ import annotations

from datetime import datetime

import msgspec

from opsproof.model.subject import Subject


class FileSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A mounted file system, once, at the shortest of its mount points. None: it tells no such number.

    `used` and `available` are what `df` shows: what is reserved for root is in neither.
    """

    mount: str
    type: str
    read_only: bool = False
    remote: bool = False
    size: int | None = None
    used: int | None = None
    available: int | None = None
    inodes: int | None = None
    inodes_used: int | None = None

    @property
    def subject(self) -> Subject:
        return Subject("file system", self.mount)


class UnitSample(msgspec.Struct, frozen=True, kw_only=True):
    """A systemd unit at one moment, in systemd's words. `changed`: when it last changed its state, by the host's clock."""

    load: str
    active: str
    sub: str
    result: str = ""
    restarts: int | None = None
    changed: datetime | None = None


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A unit by the name that was asked for, in samples in order."""

    name: str
    samples: tuple[UnitSample, ...]
    wanted: int = 1

    @property
    def subject(self) -> Subject:
        return Subject("unit", self.name)


class TimeSync(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the clock is synchronized, as the kernel says, and whether systemd has a service for it on."""

    synchronized: bool
    service: bool = False
    subject: Subject = Subject("time", "synchronization")


class Socket(msgspec.Struct, frozen=True, kw_only=True):
    """A socket that listens."""

    protocol: str
    address: str
    port: int

    @property
    def subject(self) -> Subject:
        return Subject("socket", f"{self.protocol} {self.address}:{self.port}")


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a folder; `type` is find's letter (f, d, l ...), `mode` octal, `size` in bytes."""

    path: str
    type: str
    mode: str
    owner: str
    group: str
    size: int
    modified: datetime

    @property
    def subject(self) -> Subject:
        return Subject("file", self.path)


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """A package that an upgrade would bring, from which archive. `security`: it comes from a security archive."""

    package: str
    version: str
    origin: str
    security: bool

    @property
    def subject(self) -> Subject:
        return Subject("package", self.package)


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """What is pending by the package lists as they were fetched last, at `listed`."""

    pending: tuple[Update, ...]
    listed: datetime | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Kernel and operating system; `restart` says that an update waits for a restart."""

    kernel: str
    machine: str
    name: str
    version: str
    up: float
    restart: bool = False


class Kubelet(msgspec.Struct, frozen=True, kw_only=True):
    """The kubelet's settings that are looked at; None: not set there, so that its default holds."""

    container_log_max_size: str | None = None
    container_log_max_files: int | None = None
    max_pods: int | None = None
    read_only_port: int | None = None
    rotate_certificates: bool | None = None
    protect_kernel_defaults: bool | None = None
    anonymous: bool | None = None
    eviction_hard: dict[str, str] = {}


class LogRotation(msgspec.Struct, frozen=True, kw_only=True):
    """The global part of logrotate.conf, in its own words: `rotate` -> `4`, `weekly` -> ``."""

    settings: dict[str, str]
