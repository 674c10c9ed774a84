"""pg_settings and pg_db_role_setting."""

from __future__ import annotations

from opsproof.sources.postgres.configured import Configured, ConfiguredOf, Override, Setting
from opsproof.sources.postgres.queries.opening import opened
from opsproof.sources.postgres.session import Session

_SETTINGS = """
SELECT name, setting AS value, coalesce(unit, '') AS unit, source, pending_restart FROM pg_settings
WHERE name = ANY(%s) ORDER BY name LIMIT 200"""
_OVERRIDES = """
SELECT split_part(one, '=', 1) AS name, substr(one, strpos(one, '=') + 1) AS value,
       coalesce(r.rolname, '')::text AS role, coalesce(d.datname, '')::text AS database
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) one
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE split_part(one, '=', 1) = ANY(%s) AND r.rolname IS DISTINCT FROM current_user
  AND (s.setdatabase = 0 OR d.datname = current_database())
ORDER BY 1, 4, 3 LIMIT 1000"""


def collected(session: Session, ask: ConfiguredOf) -> Configured:
    names = list(ask.names)
    return Configured(
        **opened(session, ask.role),
        settings=session.things(_SETTINGS, "SELECT settings", Setting, values=(names,)),
        overrides=session.things(
            _OVERRIDES, "SELECT settings of roles and databases", Override, values=(names,)
        ),
    )
