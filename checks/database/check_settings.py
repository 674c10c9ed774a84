"""Settings of the database's server, as the runbook has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from opsproof import MEDIUM, Examination, Limits, Undecided, check
from opsproof.examine.deciding import deciding
from opsproof.model.subject import Subject
from opsproof.sources.postgres.configured import Configured, ConfiguredOf, Setting
from opsproof.sources.postgres.reading.amount import same
from opsproof.sources.postgres.told import Postgres

_OWN = frozenset({"user", "database user", "client", "session"})


class SettingLimits(Limits):
    """`settings`: the value of each, as postgresql.conf writes it: `1s`, `128MB`, `"on"`."""

    settings: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.settings))


@check("database/settings", title="The database's settings are those of the runbook", level=MEDIUM)
def check_settings(
    configured: Annotated[Configured, Postgres(ConfiguredOf, "names")],
    limits: SettingLimits,
    examine: Examination,
) -> None:
    """A setting that was changed by hand and never reloaded, or that one role has otherwise, is not what people think."""
    found = {setting.name: setting for setting in configured.settings}
    with deciding(examine, configured.subject):
        configured.require_primary(standby=False)
        _examine_settings(configured, found, limits, examine)


def _examine_settings(
    configured: Configured, found: Mapping[str, Setting], limits: SettingLimits, examine: Examination
) -> None:
    for name, wanted in limits.settings.items():
        with deciding(examine, Subject("setting", name)):
            _examine_setting(found.get(name), name, wanted, examine)
    for override in configured.overrides:
        wanted = limits.settings.get(override.name, "")
        unit = found[override.name].unit if override.name in found else ""
        with examine(override, measured=override.value, limit=wanted):
            who = f"role {override.role}" if override.role else "every role"
            where = f"in the database {override.database}" if override.database else "in every database"
            assert same(override.value, wanted, unit), f"{override.value} for {who} {where}; needed {wanted}"


def _examine_setting(setting: Setting | None, name: str, wanted: str, examine: Examination) -> None:
    if setting is None:
        raise Undecided(
            "not shown: this version has none of that name, or GRANT pg_read_all_settings is missing"
        )
    value = f"{setting.value}{' ' + setting.unit if setting.unit else ''}"
    with examine(setting, measured=value, limit=wanted):
        if setting.source in _OWN:
            raise Undecided(
                "opsproof's own role has a value of its own: ALTER ROLE ... RESET it to see the server's"
            )
        assert same(setting.value, wanted, setting.unit), f"{value} ({setting.source}); needed {wanted}"
    if setting.pending_restart:
        examine.note(f"{name}: another value waits for a restart of the server")
