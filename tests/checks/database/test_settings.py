"""database/settings on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.database.check_settings import SettingLimits, check_settings
from opsproof import Examination
from opsproof.sources.postgres.configured import Configured, Override, Setting
from opsproof.sources.postgres.reading.amount import same
from tests.checks.database.told import AS, examined, outcomes, told

NAME = "log_min_duration_statement"
SLOW = Setting(name=NAME, value="1000", unit="ms", source="configuration file")


def decided(*settings: Setting, overrides: tuple[Override, ...] = (), wanted: str = "1s") -> Examination:
    facts = Configured(**AS, settings=settings, overrides=overrides)
    return examined(check_settings, facts, limits=SettingLimits(settings={NAME: wanted}))


def changed(**more: Any) -> Setting:
    return msgspec.structs.replace(SLOW, **more)


def test_the_value_counts_and_not_its_unit() -> None:
    assert decided(SLOW).passed == 1
    assert decided(SLOW, wanted="1000 ms").passed == 1


def test_another_value_fails_and_says_where_it_is_from() -> None:
    (found,) = told(decided(changed(value="-1", source="default")))
    assert found == ("fail", f"setting {NAME}", "-1 ms (default); needed 1s")


def test_a_setting_that_is_not_shown_is_undecided() -> None:
    (found,) = told(decided())
    said = "not shown: this version has none of that name, or GRANT pg_read_all_settings is missing"
    assert found == ("unknown", f"setting {NAME}", said)


def test_a_standby_has_settings_of_its_own() -> None:
    facts = Configured(**{**AS, "standby": True}, settings=(SLOW,), overrides=())
    examine = examined(check_settings, facts, limits=SettingLimits(settings={NAME: "1s"}))
    assert outcomes(examine) == ["unknown"]


def test_what_our_own_role_has_hides_what_the_server_has() -> None:
    assert outcomes(decided(changed(source="user"))) == ["unknown"]


def test_a_role_or_a_database_with_another_value_fails_by_itself() -> None:
    overrides = (
        Override(name=NAME, value="-1", role="app", database="shop"),
        Override(name=NAME, value="1000ms", role="web"),
    )
    assert told(decided(SLOW, overrides=overrides)) == [
        ("fail", f"setting shop/app/{NAME}", "-1 for role app in the database shop; needed 1s")
    ]


def test_a_value_that_waits_for_a_restart_is_noted() -> None:
    examine = decided(changed(pending_restart=True))
    assert examine.notes == [f"{NAME}: another value waits for a restart of the server"]


@pytest.mark.parametrize(
    ("value", "wanted", "unit", "equal"),
    [
        ("1000", "1s", "ms", True),
        ("1000", "1001ms", "ms", False),
        ("16384", "128MB", "8kB", True),
        ("4096", "4MB", "kB", True),
        ("300", "5min", "s", True),
        ("1", "1d", "d", True),
        ("-1", "-1", "ms", True),
        ("0", "0", "ms", True),
        ("0", "-1", "ms", False),
        ("on", "true", "", True),
        ("on", "off", "", False),
        ("replica", "replica", "", True),
        ("replica", "logical", "", False),
        ("0.2", "0.20", "", True),
    ],
)
def test_values_are_compared_as_postgresql_means_them(
    value: str, wanted: str, unit: str, equal: bool
) -> None:
    assert same(value, wanted, unit) is equal
