"""A folder of records that several drills share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsproof.cli.drill import require_own_records
from opsproof.drill.scratch import Refused
from opsproof.environment.environment import Environment
from opsproof.model.target import Target
from opsproof.testing.links import target_of

CLUSTER = {"server": "https://dr.example.com:6443", "token": {"env": "DR_TOKEN"}}


def of_dumps(records: Path, folder: str = "/backup/shop", pattern: str = "backup-%Y%m%d.sql.gz") -> Target:
    into = {"host": "127.0.0.1", "database": "postgres", "user": "drill"}
    dumps = {"folder": folder, "pattern": pattern}
    return target_of("drill", records=str(records), dumps=dumps, into=into, newest="SELECT 1")


def of_velero(records: Path, **more: Any) -> Target:
    velero = {"cluster": CLUSTER, "namespace": "shop", **more}
    return target_of("drill", records=str(records), velero=velero)


def refused(ours: Target, theirs: Target) -> bool:
    other = Environment("staging", "billing", Path("x.yaml"), targets={"drill-2": theirs})
    try:
        require_own_records(ours, [other])
    except Refused:
        return True
    return False


def test_who_would_take_them_is_told(tmp_path: Path) -> None:
    other = Environment("staging", "billing", Path("x.yaml"), targets={"drill-2": of_velero(tmp_path)})
    with pytest.raises(
        Refused, match=r"^targets\.drill-2 of billing/staging would take the records of targets\.drill "
    ):
        require_own_records(of_velero(tmp_path, namespace="web"), [other])


@pytest.mark.parametrize("more", [{"namespace": "billing"}, {"velero_in": "velero-2"}])
def test_two_namespaces_need_two_folders(tmp_path: Path, more: dict[str, str]) -> None:
    """A record of Velero's does not tell of which: one that is restored each night would count for both."""
    assert refused(of_velero(tmp_path), of_velero(tmp_path, **more))
    assert not refused(of_velero(tmp_path), of_velero(tmp_path / "more", **more))


def test_dumps_of_two_databases_that_are_named_alike_do_too(tmp_path: Path) -> None:
    assert refused(of_dumps(tmp_path), of_dumps(tmp_path, "/backup/billing"))
    assert not refused(of_dumps(tmp_path), of_dumps(tmp_path / "more", "/backup/billing"))
    assert not refused(of_dumps(tmp_path), of_dumps(tmp_path, "/backup/billing", "billing-%Y%m%d.sql.gz"))


def test_the_same_drill_may_decide_for_several_environments(tmp_path: Path) -> None:
    assert not refused(of_dumps(tmp_path), of_dumps(tmp_path))
    assert not refused(of_velero(tmp_path), of_velero(tmp_path))
    assert not refused(of_velero(tmp_path), of_dumps(tmp_path))
