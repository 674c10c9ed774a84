"""Restore drills of dumps in a bucket, on a real PostgreSQL and a real server of S3."""

from __future__ import annotations

import gzip
import os
import random
import signal
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from opsproof.cli.rights import Wanted, checked
from opsproof.drill import bucket
from opsproof.drill.scratch import Refused
from opsproof.environment.environment import Environment
from opsproof.model.rights import Need
from opsproof.model.stored import Shelf
from opsproof.sources.drill.facts import LOAD, MAKE, OF_BUCKET
from opsproof.sources.s3.collector import S3Collector
from opsproof.sources.s3.facts import ObjectsOf
from opsproof.sources.s3.rights import RIGHTS
from opsproof.testing.links import RecordingLink, target_of
from tests.drill.cases import started
from tests.drill.shop import COUNTS, ORDERED, Shop, now
from tests.drill.stored import BUCKET, PATTERN, BucketShop, behind, cut, in_bucket, secrets, server, stalled
from tests.drill.test_command import Folder
from tests.drill.test_drill import failed
from tests.sources.postgres.own import Server
from tests.testbed import process
from tests.testbed.services import s3

pytestmark = [pytest.mark.testbed, pytest.mark.slow]
PIECE = 64 * 1024


@pytest.fixture(scope="module", autouse=True)
def _server(drill_server: Server) -> Iterator[None]:
    with server():
        yield


@pytest.fixture
def stored(shop: Shop) -> Iterator[BucketShop]:
    with in_bucket(shop) as made:
        yield made


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dumps of some hundred kilobytes come in several parts."""
    monkeypatch.setattr(bucket, "_PART", PIECE)


def large(shop: Shop) -> bytes:
    """A dump that hardly packs."""
    notes = ", ".join(f"({n}, '{random.Random(n).randbytes(900).hex()}')" for n in range(100, 400))
    shop.run(f"INSERT INTO items VALUES {notes}")
    return gzip.compress(shop.dump())


def counts_of_large() -> dict[str, int]:
    return {**COUNTS, "public.items": COUNTS["public.items"] + 300}


def test_the_newest_object_is_restored_and_measured(stored: BucketShop, in_pieces: None) -> None:
    stored.backup(made=ORDERED - timedelta(days=40))
    dump = large(stored)
    key = stored.keep(dump, counts=counts_of_large())
    drill = stored.drill()
    assert drill.good, drill.steps
    assert drill.dump is not None
    assert (drill.dump.name, drill.dump.made) == (f"s3://{BUCKET}/{key}", ORDERED)
    assert (drill.dump.bytes, drill.dump.sha256) == (len(dump), sha256(dump).hexdigest())
    assert len(dump) > 3 * PIECE
    assert drill.newest == ORDERED
    assert drill.rpo == (drill.began - ORDERED).total_seconds()
    assert drill.rto is not None
    assert drill.counted
    assert stored.databases == set()


def test_a_custom_dump_comes_from_a_bucket_too(stored: BucketShop, in_pieces: None) -> None:
    large(stored)
    stored.keep(stored.dump("-Fc"), counts=counts_of_large())
    drill = stored.drill()
    assert drill.good, drill.steps


def test_rows_and_drills_mean_the_same_object(stored: BucketShop) -> None:
    """Those of the future are none, and what is deleted under versions is gone."""
    s3.client().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    stored.backup()
    deleted = stored.keep(b"x", made=ORDERED + timedelta(hours=1))
    s3.client().delete_object(Bucket=BUCKET, Key=str(deleted))
    stored.keep(b"x", made=now() + timedelta(days=9))
    drill = stored.drill()
    assert drill.good, drill.steps
    assert drill.dump is not None
    at = target_of("s3", **s3.settings(BUCKET))
    shelf = S3Collector(at).collect(ObjectsOf(target=at.id, pattern=PATTERN), RecordingLink(at))
    assert isinstance(shelf, Shelf)
    assert drill.dump.name.removeprefix(f"s3://{BUCKET}/") in {one.name for one in shelf.stored}
    assert str(deleted) not in {one.name for one in shelf.stored}


def test_counts_that_fit_the_pattern_are_no_dump(stored: BucketShop) -> None:
    """They are larger than the dump here, and of copies the largest counts."""
    stored.put("db-20260131.gz", gzip.compress(stored.dump()))
    stored.put("db-20260131.gz.counts.json", b'{"public.orders": 3' + b" " * 20_000 + b"}")
    drill = stored.drill(dumps=stored.of("db-%Y%m%d*"))
    assert drill.good, drill.steps


def test_counts_that_are_missing_or_none(stored: BucketShop) -> None:
    key = stored.backup(counts=None)
    assert failed(stored.drill())[1] == f"{key}.counts.json cannot be read: there is no such bucket or object"
    stored.put(f"{key}.counts.json", b"[]")
    assert failed(stored.drill())[1] == (
        "what is beside the dump is no JSON object of numbers by schema.table"
    )


def test_a_truncated_object_does_not_load(stored: BucketShop, in_pieces: None) -> None:
    whole = large(stored)
    stored.keep(whole[: len(whole) * 9 // 10])
    assert failed(stored.drill())[:2] == (LOAD, "what gzip packed is cut off")


def test_an_empty_object_does_not_load(stored: BucketShop) -> None:
    stored.keep(b"")
    assert failed(stored.drill())[:2] == (LOAD, "it is empty")


@pytest.mark.parametrize("step", [MAKE, LOAD])
def test_an_object_that_is_replaced_after_it_was_chosen_is_not_restored(
    stored: BucketShop, step: str
) -> None:
    """With one of the same size, that would load."""
    dump = gzip.compress(stored.dump())
    key = stored.keep(dump)
    other = dump[:4] + b"\1" + dump[5:]
    drill = stored.drill(tell=lambda begun: stored.put(str(key), other) if begun == step else None)
    name, failure, _ = failed(drill)
    assert name == LOAD
    assert failure == f"the object was replaced while it was read, after 0 of {len(dump)} bytes"


def test_one_of_the_same_tag_is_known_by_its_time(stored: BucketShop) -> None:
    """Of what was put there without the server, it knows no tag."""
    dump = gzip.compress(stored.dump())
    key = ORDERED.strftime(PATTERN)
    s3.put(BUCKET, key, dump, s3.ago(hours=2))
    later = s3.ago(hours=1)
    drill = stored.drill(tell=lambda step: s3.put(BUCKET, key, dump, later) if step == LOAD else None)
    assert failed(drill)[1].startswith("the object was replaced while it was read, ")


def test_it_is_the_same_object_to_its_end(
    stored: BucketShop, in_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = large(stored)
    key = stored.keep(dump)
    read = bucket.Bucket.part

    def then_replaced(self: bucket.Bucket, one: Any, begin: int, deadline: float) -> bytes:
        content = read(self, one, begin, deadline)
        if begin == PIECE:
            stored.put(str(key), dump[:4] + b"\1" + dump[5:])
        return content

    monkeypatch.setattr(bucket.Bucket, "part", then_replaced)
    name, failure, _ = failed(stored.drill())
    assert (name, failure) == (
        LOAD,
        f"the object was replaced while it was read, after {2 * PIECE} of {len(dump)} bytes",
    )
    assert stored.databases == set()


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (PATTERN, "no object is named like {}: s3://shop-dumps is empty"),
        (
            "dbs/%Y%m%d.sql.gz",
            "no object is named like {}: nothing begins like that in s3://shop-dumps; it has db/: is the name mistyped?",
        ),
    ],
)
def test_where_nothing_fits_nothing_is_restored(stored: BucketShop, pattern: str, says: str) -> None:
    if pattern != PATTERN:
        stored.backup()
    assert failed(stored.drill(dumps=stored.of(pattern)))[:2] == (
        "choose the newest dump",
        says.format(pattern),
    )


def test_wrong_keys_fail_the_drill(stored: BucketShop, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("Planted-4711-key")
    stored.backup()
    drill = stored.drill(dumps=stored.of(secret_key={"file": str(wrong)}))
    assert failed(drill)[1] == (
        "the bucket cannot be listed: the secret key does not belong to the access key"
    )
    assert "Planted-4711-key" not in "".join(one.read_text() for one in stored.records.iterdir())


def test_a_missing_right_is_named(stored: BucketShop) -> None:
    stored.backup()
    with s3.refused(BUCKET, "s3:ListBucket"):
        assert failed(stored.drill())[1].endswith("cannot be read: the right s3:GetObject is missing")


def test_what_rights_are_missing_is_found_before_a_drill(stored: BucketShop) -> None:
    at = stored.target()
    needs = tuple(Need(name) for name in OF_BUCKET)
    on = Wanted(at.settings.rights_on(at), RIGHTS, needs)
    assert checked(on).good
    with s3.refused(BUCKET, "s3:GetObject"):
        assert checked(on).missing == (Need("s3:ListBucket"),)


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        ({"owner": "somebody"}, "declares owner 'somebody', found '111122223333': it is another bucket"),
        ({"account": "999988887777"}, "the bucket is not one of the account 999988887777"),
    ],
)
def test_another_bucket_than_is_declared_is_refused_before_anything_is_begun(
    stored: BucketShop, identity: dict[str, str], says: str
) -> None:
    stored.backup()
    with pytest.raises(Refused) as refused:
        stored.drill(dumps=stored.of(identity=identity))
    assert str(refused.value) == f"targets.drill.dumps.bucket: {says}".replace(
        "bucket: declares", "bucket declares"
    )
    assert not stored.records.exists()


def test_the_declared_bucket_is_restored_from(stored: BucketShop) -> None:
    stored.backup()
    dumps = stored.of(identity={"account": s3.ADMIN, "owner": s3.ADMIN})
    drill = stored.drill(dumps=dumps)
    assert drill.good, drill.steps


def test_productions_bucket_may_be_restored_from(stored: BucketShop) -> None:
    """It is only read."""
    path = stored.backup()
    before = _there()
    production = target_of("s3", **s3.settings(BUCKET))
    drill = stored.drill([Environment("production", "shop", path, targets={"s3": production})])
    assert drill.good, drill.steps
    assert _there() == before


def _there() -> list[tuple[str, str, object]]:
    found = s3.client().list_objects_v2(Bucket=BUCKET)["Contents"]
    return [(one["Key"], one["ETag"], one["LastModified"]) for one in found]


def test_keys_that_are_not_there_are_refused(stored: BucketShop, tmp_path: Path) -> None:
    missing = stored.of(secret_key={"file": str(tmp_path / "gone")})
    with pytest.raises(Refused, match=r"targets\.drill\.dumps\.bucket: .*gone"):
        stored.drill(dumps=missing)
    assert not stored.records.exists()


def test_a_connection_that_is_cut_restores_nothing(stored: BucketShop) -> None:
    dump = large(stored)
    stored.keep(dump, counts=counts_of_large())
    with behind(cut(len(dump) // 2)) as endpoint:
        name, failure, _ = failed(stored.drill(dumps=stored.of(endpoint=endpoint)))
    assert name == LOAD
    ends = f", after 0 of {len(dump)} bytes"
    assert failure.removesuffix(ends) in {
        "the connection was closed without a complete answer",
        "the answer is truncated or damaged",
    }
    assert failure.endswith(ends)
    assert stored.databases == set()


def test_one_that_stays_and_brings_nothing_ends_it_too(stored: BucketShop) -> None:
    """Long before the time that the drill may take."""
    dump = large(stored)
    stored.keep(dump, counts=counts_of_large())
    with behind(stalled(len(dump) // 2)) as endpoint:
        dumps = stored.of(endpoint=endpoint, budget={"deadline": "2s"})
        drill = stored.drill(dumps=dumps, within="1h")
        assert failed(drill)[1].startswith("no complete answer in time, ")
        drill = stored.drill(dumps=stored.of(endpoint=endpoint), within="2s")
        assert failed(drill)[1].startswith("it takes longer than a drill may, ")


def test_a_dump_may_be_larger_than_the_budget_of_one_ask(stored: BucketShop, in_pieces: None) -> None:
    dump = large(stored)
    stored.keep(dump, counts=counts_of_large())
    assert len(dump) > 2 * PIECE
    drill = stored.drill(dumps=stored.of(budget={"max_bytes": "10Ki"}))
    assert drill.good, drill.steps


def test_killed_in_the_middle_it_leaves_nothing(stored: BucketShop) -> None:
    drilling = started(stored)
    seen = _commands()
    assert any("psql" in one for one in seen)
    assert not any(secret in one for one in seen for secret in secrets())
    os.killpg(drilling.pid, signal.SIGKILL)
    drilling.wait()
    process.await_that("its database is gone", lambda: not stored.databases)
    (record,) = stored.records.iterdir()
    assert not any(secret in record.read_text() for secret in secrets())


def _commands() -> list[str]:
    """The command lines of what runs on this machine, as anybody may read them."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(one.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return found


def test_the_command_says_what_it_restores_and_shows_no_key(stored: BucketShop, tmp_path: Path) -> None:
    stored.backup()
    path = tmp_path / "team"
    path.mkdir()
    folder = Folder(stored, path)
    done = folder.drill("shop/staging", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    at = s3.endpoint().removeprefix("http://")
    assert (
        f"restores: the newest object of s3://{BUCKET} at {at} that is named like {PATTERN}\n" in done.stdout
    )
    assert f"restored s3://{BUCKET}/{ORDERED:{PATTERN}} (made " in done.stdout
    written = [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()]
    assert written
    for secret in secrets():
        assert secret not in done.stdout + done.stderr
        assert not any(secret.encode() in content for content in written)
