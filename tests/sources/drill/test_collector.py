"""Records of drills, read from their folder."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from opsproof.drill.record import named
from opsproof.environment.environment import Environment, missing_secrets
from opsproof.environment.settings import secrets
from opsproof.model.failure import BadAnswer
from opsproof.sources.drill.collector import DrillCollector
from opsproof.sources.drill.facts import CHOOSE, LOAD, Drill, Drills, DrillsOf, Dump
from opsproof.testing.links import RecordingLink, target_of
from tests.checks.drills import ago, drill

BUCKET = {
    "bucket": "shop-backups",
    "region": "eu-west-1",
    "access_key": {"env": "BACKUP_KEY"},
    "secret_key": {"file": "secrets/backup"},
}
OF_BUCKET = {"bucket": BUCKET, "pattern": "db/%Y/%m/db-%Y%m%d.sql.gz"}


def target(folder: Path, **more: Any) -> Any:
    dumps = {"folder": "/backup", "pattern": "shop-%Y%m%d.sql.gz"}
    settings = {
        "records": str(folder),
        "dumps": dumps,
        "into": {"host": "127.0.0.1", "database": "postgres", "user": "drill"},
        "newest": "SELECT now()",
    }
    return target_of("drill", **{**settings, **more})


def collected(folder: Path) -> Drills:
    at = target(folder)
    return DrillCollector(at).collect(DrillsOf(target=at.id, role="drill"), RecordingLink(at))


def keep(folder: Path, *records: Drill) -> None:
    for one in records:
        (folder / f"{one.id}.json").write_bytes(msgspec.json.encode(one))


def test_drills_of_one_second_stand_in_their_order(tmp_path: Path) -> None:
    second = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
    drills = [drill(id=named(began), began=began) for began in (second, second + timedelta(microseconds=1))]
    keep(tmp_path, *drills)
    assert collected(tmp_path).newest == drills[-1]


def test_the_newest_and_the_newest_that_succeeded(tmp_path: Path) -> None:
    newest, older, oldest = drill(1, fails=LOAD), drill(2), drill(3)
    keep(tmp_path, older, oldest, newest)
    found = collected(tmp_path)
    assert (found.folder, found.count, found.newest, found.succeeded) == (True, 3, newest, older)


def test_a_drill_of_others_in_the_same_folder_is_none_of_ours(tmp_path: Path) -> None:
    """Neither one of another system's dumps, nor one of Velero's."""
    another = Dump(name="billing-20260301.sql.gz", made=ago(days=1))
    backup = Dump(name="nightly-20260301", made=ago(days=1))
    others = (drill(1, dump=another), drill(2, dump=backup, into="kubernetes:https://dr"))
    keep(tmp_path, *others)
    found = collected(tmp_path)
    assert (None, None, 0, 2) == (found.newest, found.succeeded, found.count, found.others)
    assert found.none.endswith("the 2 records in the folder are of others, by their dumps")
    ours = drill(3)
    keep(tmp_path, ours)
    assert ours == collected(tmp_path).succeeded


def test_a_drill_that_found_no_dump_is_ours(tmp_path: Path) -> None:
    """Nothing tells whose it is: that it failed must not be passed over."""
    keep(tmp_path, drill(1, fails=CHOOSE, dump=None), drill(2))
    found = collected(tmp_path)
    assert found.newest is not None and not found.newest.good


def test_other_files_are_none(tmp_path: Path) -> None:
    (tmp_path / ".20260101T000000Z-abcdef.json.1a2b").write_text("half")
    (tmp_path / "notes.json").write_text("{}")
    assert collected(tmp_path) == Drills(role="drill", folder=True)


def test_no_folder_is_told_from_an_empty_one(tmp_path: Path) -> None:
    assert not collected(tmp_path / "nowhere").folder
    assert collected(tmp_path).folder


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "x"}', b"[" * 100_000])
def test_a_damaged_record_is_an_error_and_not_passed_over(tmp_path: Path, content: bytes) -> None:
    """The one before it succeeded: it must not stand for the newest."""
    keep(tmp_path, drill(2))
    (tmp_path / "20260302T000000Z-abcdef.json").write_bytes(content)
    with pytest.raises(BadAnswer, match="is damaged or no record"):
        collected(tmp_path)


def test_a_record_under_another_name_is_none(tmp_path: Path) -> None:
    (tmp_path / "20260302T000000Z-abcdef.json").write_bytes(msgspec.json.encode(drill(30)))
    with pytest.raises(BadAnswer, match="is of another drill"):
        collected(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"dumps": {"folder": "/b", "pattern": "shop.sql.gz"}}, "does not tell a day"),
        ({"dumps": {"folder": "/b", "pattern": "%H%M.sql"}}, "does not tell a day"),
        ({"dumps": {"folder": "/b", "pattern": "%Y/%m%d.sql"}}, "names a folder"),
        ({"dumps": {"folder": "/b", "pattern": "%Y-%Y%m%d.sql"}}, "does not tell a day"),
        ({"dumps": {"pattern": "%Y%m%d.sql"}}, "needs folder or bucket"),
        ({"dumps": {"folder": "/b", "bucket": BUCKET, "pattern": "%Y%m%d.sql"}}, "are two places"),
        ({"dumps": {"bucket": BUCKET, "pattern": "db/%Y%m.sql"}}, "has no whole date"),
        ({"dumps": {"bucket": BUCKET, "pattern": "db/%Y%m%d/"}}, "names a folder"),
        (
            {"dumps": {"bucket": {**BUCKET, "bucket": "Shop"}, "pattern": "%Y%m%d"}},
            "not the name of a bucket",
        ),
        (
            {"dumps": {"bucket": {**BUCKET, "endpoint": "http://minio:9000"}, "pattern": "%Y%m%d"}},
            "credentials would go over plain http",
        ),
        ({"counts": "counts.json"}, "is no name beside a dump"),
        ({"counts": "../{name}.json"}, "is no name beside a dump"),
        ({"records": ""}, "needs a path"),
        ({"within": "4"}, "write it like 30s"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        target(tmp_path, **wrong)
    assert says in str(refused.value)


def test_keys_of_the_bucket_go_to_the_bucket_alone(tmp_path: Path) -> None:
    settings = target(tmp_path, dumps=OF_BUCKET).settings
    found = {path: settings.hosts(path) for path, _ in secrets(settings)}
    assert found == {
        ("dumps", "bucket", name): ("shop-backups.s3.eu-west-1.amazonaws.com:443",)
        for name in ("access_key", "secret_key")
    }


def test_no_run_needs_them(tmp_path: Path) -> None:
    """They are the drill's, which may be another's."""
    at = target(tmp_path, dumps=OF_BUCKET)
    environment = Environment("staging", "shop", tmp_path / "staging.yaml", targets={"drill": at})
    assert missing_secrets(environment, "drill") == []


def test_rights_are_given_on_the_bucket(tmp_path: Path) -> None:
    at = target(tmp_path, dumps={**OF_BUCKET, "bucket": {**BUCKET, "identity": {"owner": "me"}}})
    on = at.settings.rights_on(at)
    assert (on.role, on.kind, on.id, on.identity) == (
        "drill",
        "s3",
        "s3:shop-backups",
        {"owner": "me"},
    )
    assert target(tmp_path).settings.rights_on(at) is at
