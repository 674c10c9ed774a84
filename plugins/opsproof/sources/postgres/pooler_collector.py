"""Asks a pgbouncer's console by SHOW, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, Forbidden
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.postgres.connector import Connector
from opsproof.sources.postgres.console import Console, opened
from opsproof.sources.postgres.pooler import (
    CONSOLE,
    Activity,
    Amount,
    Pool,
    PooledDatabase,
    PoolerSample,
    PoolerState,
    PoolsOf,
)
from opsproof.transport.attempts import spaced
from opsproof.transport.link import Link

_LONGEST = 10.0
_TELLS_STATE = (1, 19)


class _Pool(msgspec.Struct):
    """SHOW POOLS since 1.8, whose columns of cancelled sessions are called otherwise in later ones."""

    database: str
    user: str | None
    cl_active: Amount
    cl_waiting: Amount
    sv_active: Amount
    sv_idle: Amount
    sv_used: Amount
    sv_tested: Amount
    sv_login: Amount
    maxwait: Amount
    maxwait_us: Amount
    sv_active_cancel: Amount = 0
    sv_being_canceled: Amount = 0

    @property
    def servers(self) -> int:
        own = self.sv_active + self.sv_idle + self.sv_used + self.sv_tested + self.sv_login
        return own + self.sv_active_cancel + self.sv_being_canceled


class _Database(msgspec.Struct):
    """SHOW DATABASES since 1.8; limits of clients are told since 1.24."""

    name: str
    host: str | None
    port: Amount
    database: str | None
    pool_size: Amount
    paused: Amount
    disabled: Amount
    max_connections: Amount = 0
    current_connections: Amount = 0
    max_client_connections: Amount = 0
    current_client_connections: Amount = 0

    @property
    def place(self) -> str:
        return f"{self.host or 'local'}:{self.port}/{self.database or ''}"


class _Item(msgspec.Struct):
    list: str
    items: Amount


class _Setting(msgspec.Struct):
    key: str
    value: str | None


class PoolerCollector:
    """One session with the console for each sample."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.connector = Connector(target)

    def collect(self, ask: Ask, link: Link) -> PoolerState:
        if not isinstance(ask, PoolsOf):
            raise BadAnswer(f"a pgbouncer cannot answer {type(ask).__name__}", target=self.target.id)
        with self.connector.place(link):
            turns = spaced(link, ask.samples, ask.spacing, longest=_LONGEST)
            told = [self._sample(link, number, within) for number, within in turns]
        return PoolerState(
            role=ask.role,
            user=cut(self.target.settings.user),
            samples=tuple(sample for sample, _ in told),
            one_of_several=any(several for _, several in told),
        )

    def identify(self, link: Link) -> TargetReport:
        found: dict[str, str] = {}
        with opened(self.connector, link, min(_LONGEST, link.remaining()), proofs=found) as console:
            for one in console.shown("DATABASES", _Database):
                if one.name != CONSOLE:
                    found[f"database.{cut(one.name)}"] = cut(one.place)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=found,
            declared=dict(self.target.identity),
            authenticated_as=cut(self.target.settings.user),
            version=cut(console.version, 64),
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """All, where the user is not let in: who may look at all may look at everything that is asked for."""
        try:
            with opened(self.connector, link, min(_LONGEST, link.remaining())):
                return []
        except Forbidden:
            return list(needs)

    def close(self) -> None:
        """Nothing stays open."""

    def _sample(self, link: Link, number: int, within: float) -> tuple[PoolerSample, bool]:
        with opened(self.connector, link, within, number) as console:
            pools = console.shown("POOLS", _Pool, number)
            databases = console.shown("DATABASES", _Database, number)
            lists = {one.list: one.items for one in console.shown("LISTS", _Item, number)}
            settings = {one.key: one.value or "" for one in console.shown("CONFIG", _Setting, number)}
            activity = _activity(console, number)
        if CONSOLE not in {pool.database for pool in pools} & {one.name for one in databases}:
            # Its own are always among them: without them others may be missing, too.
            raise BadAnswer("SHOW POOLS and DATABASES lack the console's own", target=self.target.id)
        sample = PoolerSample(
            clients=max(0, self._number(lists, "used_clients") - 1),
            most=self._number(settings, "max_client_conn"),
            activity=activity,
            pools=tuple(_pool(one) for one in pools if one.database != CONSOLE),
            databases=tuple(_database(one) for one in databases if one.name != CONSOLE),
        )
        alone = settings.get("so_reuseport", "0") == "0" or self.target.settings.host.startswith("/")
        return sample, not alone

    def _number(self, told: dict[str, str] | dict[str, int], name: str) -> int:
        try:
            return msgspec.convert(int(told[name]), Amount)
        except (KeyError, ValueError, msgspec.MsgspecError):
            raise BadAnswer(f"the pooler does not tell {name}", target=self.target.id) from None


def _activity(console: Console, attempt: int) -> Activity:
    if console.release < _TELLS_STATE:
        return ""
    said = {one.key: one.value for one in console.shown("STATE", _Setting, attempt)}
    return next((one for one in get_args(Activity) if one and said.get(one) == "yes"), "")


def _pool(one: _Pool) -> Pool:
    return Pool(
        database=cut(one.database),
        user=cut(one.user or ""),
        active=one.cl_active,
        waiting=one.cl_waiting,
        longest=one.maxwait + one.maxwait_us / 1e6,
        servers=one.servers,
    )


def _database(one: _Database) -> PooledDatabase:
    return PooledDatabase(
        name=cut(one.name),
        size=one.pool_size,
        paused=one.paused > 0,
        disabled=one.disabled > 0,
        servers=one.current_connections,
        most=one.max_connections,
        clients=one.current_client_connections,
        most_clients=one.max_client_connections,
    )
