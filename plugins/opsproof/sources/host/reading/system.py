"""Release, sockets, files, updates and settings."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from opsproof.model.text import cut
from opsproof.sources.host.facts import File, Kubelet, LogRotation, Release, Socket, Update, Updates
from opsproof.sources.host.reading.lines import (
    Unreadable,
    assignments,
    lines,
    moment,
    number,
    seconds,
    unquoted,
)

_MACHINE_ID = re.compile(rb"[0-9a-f]{32}\n")
_TYPES = frozenset("fdlpscbD?")
_INST = re.compile(r"Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ([^\[\)]*?)(?: \[[^\]]*\])?\)(?: .*)?")
_SECURITY = re.compile(r"(?:Debian-Security:|[A-Za-z]*ESM|UbuntuESM|\S*-security\b)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")
_LONGEST = 256


def machine_id(out: bytes) -> bytes:
    """The id without its line break."""
    if not _MACHINE_ID.fullmatch(out):
        raise Unreadable("it is no machine id")
    return out[:-1]


def os_release(out: bytes) -> tuple[str, str]:
    """Name and version of the operating system, by os-release."""
    found = assignments(out)
    name = unquoted(found.get("NAME", ""))
    if not name:
        raise Unreadable("it names no operating system")
    return cut(name, _LONGEST), cut(unquoted(found.get("VERSION_ID", "")), 64)


def release(uname: bytes, os: bytes, uptime: bytes, restart: bytes) -> Release:
    words = next(lines(uname), "").split(" ")
    if len(words) != 3:
        raise Unreadable("it does not tell kernel and machine")
    name, version = os_release(os)
    return Release(
        kernel=cut(" ".join(words[:2]), _LONGEST),
        machine=cut(words[2], 64),
        name=name,
        version=version,
        up=seconds(uptime),
        restart="reboot-required" in set(lines(restart)),
    )


def sockets(out: bytes) -> tuple[Socket, ...]:
    """`ss -H -l -n -t -u`: protocol, state, two queues, address and port."""
    found = []
    for line in lines(out):
        parts = line.split()
        if len(parts) < 6 or parts[0] not in {"tcp", "udp"}:
            raise Unreadable("it is no list of sockets")
        address, colon, port = parts[4].rpartition(":")
        if not colon:
            raise Unreadable("a socket has no port")
        found.append(Socket(protocol=parts[0], address=cut(address, 64), port=number(port)))
    return tuple(found)


def files(out: bytes) -> tuple[File, ...]:
    """What find printed, with a NUL after each file."""
    if out and not out.endswith(b"\0"):
        raise Unreadable("its last file is not whole")
    return tuple(map(_file, out.decode("utf-8", "replace").split("\0")[:-1]))


def _file(text: str) -> File:
    parts = text.split(" ", 6)
    if len(parts) != 7 or parts[0] not in _TYPES or not re.fullmatch("[0-7]{1,5}", parts[1]):
        raise Unreadable("it is no list of files")
    kind, mode, owner, group, size, modified, path = parts
    return File(
        path=cut(path, 4096),
        type=kind,
        mode=mode,
        owner=cut(owner, 64),
        group=cut(group, 64),
        size=number(size),
        modified=moment(modified),
    )


def updates(apt: bytes, listed: bytes) -> Updates:
    """What `apt-get -s dist-upgrade` would install; the lists are as old as the newest of their signatures."""
    found = list(lines(apt))
    pending = [_update(line) for line in found if line.startswith("Inst ")]
    times = [moment(line) for line in lines(listed)]
    return Updates(pending=tuple(pending), listed=max(times, default=None))


def _update(line: str) -> Update:
    match = _INST.fullmatch(line)
    if match is None:
        raise Unreadable("a package is told in another form")
    package, version, origin = match.groups()
    return Update(
        package=cut(package, 128),
        version=cut(version, 128),
        origin=cut(origin, _LONGEST),
        security=bool(_SECURITY.search(origin)),
    )


class _Anonymous(msgspec.Struct, frozen=True):
    enabled: bool | None = None


class _Authentication(msgspec.Struct, frozen=True):
    anonymous: _Anonymous = _Anonymous()


class _Kubelet(msgspec.Struct, rename="camel"):
    kind: str
    container_log_max_size: str | None = None
    container_log_max_files: int | None = None
    max_pods: int | None = None
    read_only_port: int | None = None
    rotate_certificates: bool | None = None
    protect_kernel_defaults: bool | None = None
    authentication: _Authentication = _Authentication()
    eviction_hard: dict[str, str] = {}


def kubelet(document: object) -> Kubelet:
    """Of a KubeletConfiguration what is looked at, and nothing else."""
    try:
        found = msgspec.convert(document, _Kubelet)
    except msgspec.ValidationError:
        raise Unreadable("it is no KubeletConfiguration") from None
    if found.kind != "KubeletConfiguration":
        raise Unreadable("it is no KubeletConfiguration")
    same: dict[str, Any] = {
        name: getattr(found, name) for name in Kubelet.__struct_fields__ if hasattr(found, name)
    }
    return Kubelet(anonymous=found.authentication.anonymous.enabled, **same)


def log_rotation(out: bytes) -> LogRotation:
    """The global lines of logrotate.conf: before any block, without comments and `include`."""
    settings: dict[str, str] = {}
    depth = 0
    for line in lines(out):
        text = line.partition("#")[0].strip()
        depth += text.count("{") - text.count("}")
        word, _, value = text.partition(" ")
        if depth == 0 and "}" not in text and _WORD.fullmatch(word) and word != "include":
            settings[word] = cut(value.strip(), _LONGEST)
    if not settings:
        raise Unreadable("it sets nothing")
    return LogRotation(settings=settings)
