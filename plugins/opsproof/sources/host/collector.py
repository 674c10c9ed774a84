"""Asks a host with a fixed list of commands that only read."""

from __future__ import annotations

import getpass
import hashlib
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from testinfra.host import Host

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, Forbidden, NotFound
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.host.asks import (
    CLOCK,
    IDENTITY,
    FilesOf,
    FileSystemsOf,
    KubeletOf,
    LogRotationOf,
    ReleaseOf,
    ServicesOf,
    SocketsOf,
    TimeSyncOf,
    UpdatesOf,
    Words,
)
from opsproof.sources.host.backend import Bounded, Here, Way
from opsproof.sources.host.facts import Service
from opsproof.sources.host.failure import refused
from opsproof.sources.host.keys import fingerprint
from opsproof.sources.host.reading import lines, mounts, system, units
from opsproof.sources.host.settings import HOST_KEY, MACHINE
from opsproof.sources.host.ssh import Ssh
from opsproof.transport import yaml
from opsproof.transport.attempts import spaced
from opsproof.transport.link import Link

T = TypeVar("T")
_LONGEST = 10.0
_PARTLY = frozenset({"df"})  # ends with 1 where one of many is refused; what it does not tell has no numbers


class HostCollector:
    """One connection to the host for all asks; a command that is missing or refused is named."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._way: Way = Here() if target.settings.local else Ssh(target)
        self._answers: dict[type[Ask], Callable[[Any, _Session], Any]] = {
            FileSystemsOf: _file_systems,
            ServicesOf: _services,
            TimeSyncOf: _time_sync,
            SocketsOf: _sockets,
            FilesOf: _files,
            UpdatesOf: _updates,
            ReleaseOf: _release,
            KubeletOf: _kubelet,
            LogRotationOf: _log_rotation,
        }

    def collect(self, ask: Ask, link: Link) -> Any:
        answer = self._answers.get(type(ask))
        if answer is None:
            raise BadAnswer(f"a host cannot answer {type(ask).__name__}", target=self.target.id)
        return answer(ask, _Session(self.target, self._way, link))

    def identify(self, link: Link) -> TargetReport:
        session = _Session(self.target, self._way, link)
        (machine, named, clock) = map(session.out, IDENTITY)
        session.set_clock(clock)
        with session.reading(IDENTITY[0]):
            identity = {MACHINE: hashlib.sha256(system.machine_id(machine)).hexdigest()}
        with session.reading(IDENTITY[1]):
            version = cut(" ".join(system.os_release(named)), 128)
        if isinstance(self._way, Ssh):
            identity[HOST_KEY] = fingerprint(self._way.fingerprint_of_key)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=identity,
            declared=dict(self.target.identity),
            authenticated_as=self.target.settings.user or getpass.getuser(),
            version=version,
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """The commands that are not there or may not be run: found by running them, since they only read."""
        session = _Session(self.target, self._way, link)
        return [need for need in needs if not session.may(tuple(shlex.split(need.on)))]

    def close(self) -> None:
        self._way.close()


class _Session:
    """One ask's commands."""

    def __init__(self, target: Target, way: Way, link: Link) -> None:
        self.link = link
        self._target = target
        self._host = Host(Bounded(way, link, sudo=target.settings.sudo))

    def out(self, words: Words) -> bytes:
        """What a command printed.

        Raises:
            NotFound, Forbidden: it is not there, or may not be run.
            BadAnswer: it failed.
        """
        ended = self._host.run(" ".join(["%s"] * len(words)), *words)
        failure = refused(ended.rc, words[0], self._target.id)
        if failure is not None:
            raise failure
        out: bytes = ended.stdout_bytes
        if ended.rc and not (out and words[0] in _PARTLY):
            sudo = ", or sudo does not allow it" if self._target.settings.sudo else ""
            told = f"`{_shown(words)}` failed with exit status {ended.rc}{sudo}"
            raise BadAnswer(told, target=self._target.id)
        return out

    def may(self, words: Words) -> bool:
        try:
            self.out(words)
        except (NotFound, Forbidden):
            return False
        except BadAnswer:
            return not self._target.settings.sudo
        return True

    def set_clock(self, out: bytes) -> datetime:
        with self.reading(CLOCK):
            self.link.clock = clock = lines.clock(out)
            return clock

    def with_clock(self, facts: T) -> T:
        """The facts, once the clock is read: last, so that a slow command makes no clock look wrong."""
        self.set_clock(self.out(CLOCK))
        return facts

    @contextmanager
    def reading(self, words: Words) -> Iterator[None]:
        """What was printed is read in the block; what is not understood names the command."""
        try:
            yield
        except lines.Unreadable as error:
            why = f"what `{_shown(words)}` printed is not understood: {error}"
            raise BadAnswer(why, target=self._target.id) from None


def _shown(words: Words) -> str:
    return cut(shlex.join(words), 80)


def _file_systems(ask: FileSystemsOf, session: _Session) -> Any:
    mountinfo, df = map(session.out, ask.commands)
    with session.reading(ask.commands[1]):
        return mounts.file_systems(mountinfo, df)


def _services(ask: ServicesOf, session: _Session) -> Any:
    uptime, show, clock = ask.commands
    now = session.set_clock(session.out(clock))
    with session.reading(uptime):
        started = now - timedelta(seconds=lines.seconds(session.out(uptime)))
    taken = []
    for _ in spaced(session.link, ask.samples, ask.spacing, longest=_LONGEST):
        with session.reading(show):
            taken.append(units.unit_samples(session.out(show), ask.units, started))
    return session.with_clock(
        tuple(
            Service(name=name, samples=tuple(sample[index] for sample in taken), wanted=ask.samples)
            for index, name in enumerate(ask.units)
        )
    )


def _time_sync(ask: TimeSyncOf, session: _Session) -> Any:
    show, _ = ask.commands
    with session.reading(show):
        return session.with_clock(units.time_sync(session.out(show)))


def _sockets(ask: SocketsOf, session: _Session) -> Any:
    with session.reading(ask.commands[0]):
        return system.sockets(session.out(ask.commands[0]))


def _files(ask: FilesOf, session: _Session) -> Any:
    find, _ = ask.commands
    with session.reading(find):
        return session.with_clock(system.files(session.out(find)))


def _updates(ask: UpdatesOf, session: _Session) -> Any:
    apt, listed, _ = ask.commands
    with session.reading(apt):
        return session.with_clock(system.updates(session.out(apt), session.out(listed)))


def _release(ask: ReleaseOf, session: _Session) -> Any:
    with session.reading(ask.commands[0]):
        return system.release(*map(session.out, ask.commands))


def _kubelet(ask: KubeletOf, session: _Session) -> Any:
    out = session.out(ask.commands[0])
    with session.reading(ask.commands[0]):
        try:
            document = yaml.load(out.decode("utf-8", "replace"))
        except yaml.BadYaml:
            raise lines.Unreadable("it is no YAML") from None
        return system.kubelet(document)


def _log_rotation(ask: LogRotationOf, session: _Session) -> Any:
    with session.reading(ask.commands[0]):
        return system.log_rotation(session.out(ask.commands[0]))
