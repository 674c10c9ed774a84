"""Settings of a PostgreSQL server by name: as it runs, and as roles and databases have them otherwise."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.postgres.told import Told


class Setting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of pg_settings; `value` is in `unit`s. `source` says where opsproof's own session has it from."""

    name: str
    value: str
    unit: str = ""
    source: str = ""
    pending_restart: bool = False

    @property
    def subject(self) -> Subject:
        return Subject("setting", self.name)


class Override(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ALTER ROLE or ALTER DATABASE has set: of a role, a database, or a role in a database."""

    name: str
    value: str
    role: str = ""
    database: str = ""

    @property
    def subject(self) -> Subject:
        return Subject("setting", self.name, namespace="/".join(filter(None, (self.database, self.role))))


class Configured(Told, frozen=True, kw_only=True):
    """The named settings that the server has, and what overrides them for others than opsproof."""

    settings: tuple[Setting, ...]
    overrides: tuple[Override, ...]


class ConfiguredOf(Ask, frozen=True, kw_only=True, tag="postgres/settings"):
    """pg_settings and pg_db_role_setting, of the named ones alone."""

    role: str
    names: tuple[str, ...]
    needs: ClassVar[tuple[Need, ...]] = (Need("CONNECT"),)
    answer: ClassVar[Any] = Configured
