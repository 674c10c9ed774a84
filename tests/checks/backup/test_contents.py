"""backup/integrity, secrets-encrypted and config-included: what reading a backup to its end told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from checks.backup.check_config_included import check_config_included
from checks.backup.check_integrity import check_integrity
from checks.backup.check_secrets_encrypted import check_secrets_encrypted
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.listing import Listing
from opsproof.model.stored import Content
from opsproof.sources.files.remote.reader import Reader
from opsproof.sources.kubernetes.config_values import SET, ConfigValues
from opsproof.sources.kubernetes.facts.network import Service
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.workloads import Deployment, StatefulSet
from opsproof.sources.s3.facts import Bucket
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import NOW, kept, looked, night, nights, stored, told
from tests.checks.cluster import listing
from tests.testbed import stored as testbed

DUMP = testbed.dump(100)


def content(data: bytes, **more: Any) -> Content:
    """As the collectors tell it."""
    reader = Reader()
    reader.feed(data)
    about = {"name": "db-20261126.sql.gz", "stored": len(data), "modified": night(0)}
    found = msgspec.convert({**reader.told(), **about, **more}, Content)
    reader.close()
    return found


def integrity(one: Content, *, there: bool = False, shelves: Any = None, **limits: Any) -> Examination:
    return examined(check_integrity, (looked(one, there=there),), None, shelves, None, *[None] * 5, **limits)


def secrets(one: Content, bucket: Any = None, *, there: bool = False, **limits: Any) -> Examination:
    return examined(check_secrets_encrypted, (looked(one, there=there),), None, bucket, **limits)


def config(one: Content, *, there: bool = False, **limits: Any) -> Examination:
    return examined(check_config_included, (looked(one, there=there),), None, None, None, **limits)


def test_a_whole_dump_passes() -> None:
    found = integrity(content(testbed.packed(DUMP)))
    assert (1, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (testbed.packed(DUMP)[:-20], "the gzip ends before its end: it is truncated"),
        (testbed.packed(DUMP)[:-8] + b"\0" * 8, "the gzip is damaged"),
        (testbed.packed(DUMP) + b"x" * 10, "something else follows the gzip"),
        (testbed.packed(b""), "an empty gzip"),
        (b"", "it is empty"),
        (testbed.packed(DUMP[:-60]), "the line is missing that says that the dump is complete"),
        (testbed.packed(DUMP.replace(b"\n", b"\r\n")), "its lines end with CR LF"),
        (testbed.packed(b"Defaulted container\n" + DUMP), "something else stands before the dump's header"),
        (testbed.packed(b"<html>Sign in</html>"), "it is text, and no dump of PostgreSQL"),
        (DUMP.replace(b"CREATE TABLE", b"-- nothing").replace(b"COPY", b"--"), "no table is in it"),
        (DUMP.replace(b"COPY", b"--"), "it has tables and no data: the schema alone was dumped"),
    ],
)
def test_a_dump_that_is_none_fails(data: bytes, message: str) -> None:
    (finding,) = told(integrity(content(data)))
    assert finding.startswith("fail: content newest db-%Y%m%d.sql.gz: db-20261126.sql.gz: ")
    assert message in finding


ARCHIVE = testbed.packed(b"resources/\0" + bytes(600) + b"ustar")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ARCHIVE[:-4], "the gzip ends before its end: it is truncated"),
        (testbed.packed(b""), "an empty gzip"),
        (b"resources/\0" + bytes(600), "is no packed archive: its form is other"),
        (ARCHIVE, ""),
    ],
)
def test_an_archive_is_whole_when_its_gzip_is(data: bytes, message: str) -> None:
    """Of what a database's dump is, nothing is asked of it."""
    found = told(integrity(content(data), form="archive"))
    assert bool(message) == bool(found)
    assert message in "".join(found)


def test_an_archive_is_no_dump_of_a_database() -> None:
    (finding,) = told(integrity(content(ARCHIVE)))
    assert finding.startswith("unknown: ")


def test_functions_with_carriage_returns_are_no_terminal() -> None:
    """Written on another system, as it happens: a few lines of many."""
    assert [] == told(integrity(content(DUMP.replace(b"customer 1\n", b"customer 1\r\n"))))


@pytest.mark.parametrize(("restored", "outcome"), [(True, None), (False, "fail")])
def test_an_archive_is_what_pg_restore_makes_of_it(restored: bool, outcome: str | None) -> None:
    found = told(integrity(Content(name="d", modified=NOW, size=9, form="custom", restored=restored)))
    assert outcome == (found[0].partition(":")[0] if found else None)


@pytest.mark.parametrize(
    ("tables", "data", "message"),
    [(2, 1, ""), (0, 0, "no table is in it"), (1, 0, "the schema alone was dumped")],
)
def test_an_archive_of_nothing_fails(tables: int, data: int, message: str) -> None:
    """pg_restore is content with it."""
    found = told(
        integrity(
            Content(name="d", modified=NOW, size=9, form="custom", restored=True, tables=tables, data=data)
        )
    )
    assert bool(message) == bool(found) and message in "".join(found)


@pytest.mark.parametrize(
    "more",
    [
        {"form": "custom", "unread": "pg_restore is missing"},
        {"form": "pgp"},
        {"form": "age"},
        {"form": "other"},
        {"form": ""},
    ],
)
def test_what_cannot_be_looked_into_is_undecided(more: dict[str, Any]) -> None:
    """Encrypted, of an unknown form, without the program: never green, and no one's fault."""
    (finding,) = told(integrity(Content(name="d", modified=NOW, size=9, **more)))
    assert finding.startswith("unknown: ")


def test_a_file_that_is_being_written_is_in_transition_and_an_object_never() -> None:
    half = content(testbed.packed(DUMP)[:-20], modified=NOW - timedelta(minutes=5))
    assert "transition" == told(integrity(half, there=True))[0].partition(":")[0]
    assert "fail" == told(integrity(half))[0].partition(":")[0]


def test_without_a_backup_nothing_is_whole() -> None:
    (finding,) = told(integrity(Content()))
    assert "no backup: the bucket shop is empty" in finding


def test_the_size_is_looked_at_beside_the_content() -> None:
    shelves = (kept(*nights(0), stored(0, size=100)),)
    (finding,) = told(integrity(content(testbed.packed(DUMP)), shelves=shelves))
    assert "has 100 bytes, and 1000 are usual there" in finding


def test_what_was_not_read_is_undecided() -> None:
    failure = Failure("TooBig", "more than the budget", "s3:x")
    assert ["unknown: source objects: more than the budget"] == told(
        examined(check_integrity, (failure,), *[None] * 8)
    )


# -- Secrets ---------------------------------------------------------------------------------------------


def test_secrets_that_are_encrypted_to_the_right_key_pass() -> None:
    for key in (testbed.KEY, f"0123456789ABCDEF01234567{testbed.KEY}", testbed.KEY.lower()):
        assert [] == told(secrets(content(testbed.encrypted()), recipients=(key,)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (testbed.plaintext(), "holds 1 Secrets that anybody can read"),
        (testbed.packed(testbed.plaintext()), "holds 1 Secrets that anybody can read"),
        (testbed.manifest("ConfigMap"), "is readable text"),
        (testbed.encrypted("00112233445566AA"), f"is encrypted to 00112233445566AA, not to {testbed.KEY}"),
        (testbed.encrypted()[:-100], "its OpenPGP packets end before their end"),
        (testbed.encrypted()[:40], "its OpenPGP packets end before their end"),
        (b"", "is empty"),
        (b"\x28\xb5\x2f\xfd" + bytes(range(256)) * 20, "is not encrypted as far as can be seen"),
    ],
)
def test_secrets_that_anybody_can_read_or_nobody_fail(data: bytes, message: str) -> None:
    (finding,) = told(secrets(content(data), recipients=(testbed.KEY,)))
    assert finding.startswith("fail: ")
    assert message in finding


def test_a_hidden_recipient_is_undecided() -> None:
    (finding,) = told(secrets(content(testbed.encrypted("0" * 16)), recipients=(testbed.KEY,)))
    assert "unknown" == finding.partition(":")[0]


def test_a_password_alone_is_not_the_key_that_is_declared() -> None:
    one = Content(name="db-20261126.sql.gz", modified=night(0), size=9, form="pgp", passwords=1, whole=True)
    assert [] == told(secrets(one))
    assert "nobody, but a password" in told(secrets(one, recipients=(testbed.KEY,)))[0]


def test_configuration_beside_secrets_may_be_readable_where_the_row_says_so() -> None:
    one = content(testbed.configuration())
    assert [] == told(secrets(one, plain=("ConfigMap",)))
    assert "holds no NetworkPolicies" in told(secrets(one, plain=("NetworkPolicies",)))[0]
    assert (
        "cannot be parsed"
        in told(secrets(content(testbed.configuration() + b"- [\n"), plain=("ConfigMap",)))[0]
    )


def test_what_is_too_old_fails_though_it_is_encrypted() -> None:
    old = content(testbed.encrypted(), name="db-20261120.sql.gz", modified=NOW)
    (finding,) = told(secrets(old, recipients=(testbed.KEY,)))
    assert "the newest is db-20261120.sql.gz, made 2026-11-21 00:00 UTC" in finding


def test_what_is_dated_in_the_future_has_no_age() -> None:
    later = content(testbed.encrypted(), name="db-20261127.sql.gz", modified=NOW + timedelta(days=2))
    assert told(secrets(later))[0].startswith(
        "unknown: content newest db-%Y%m%d.sql.gz: db-20261127.sql.gz is dated"
    )


@pytest.mark.parametrize("data", [testbed.plaintext(), testbed.manifest("ConfigMap")])
def test_what_anybody_can_read_is_no_file_that_is_being_written(data: bytes) -> None:
    """Its end does not close it; whoever looks a moment after the backup has to see it."""
    now = NOW - timedelta(minutes=1)
    (finding,) = told(secrets(content(data, modified=now), there=True, recipients=(testbed.KEY,)))
    assert finding.startswith("fail: ")
    half = content(testbed.encrypted()[:-100], modified=now)
    assert told(secrets(half, there=True))[0].startswith("transition: ")


def test_a_message_to_nobody_is_no_backup() -> None:
    """Its packets have any length, and no key belongs to it."""
    one = Content(name="db-20261126.sql.gz", modified=night(0), size=9, form="pgp", whole=True)
    assert "is encrypted to nobody" in told(secrets(one))[0]


def test_a_bucket_that_may_not_be_looked_at_is_not_closed() -> None:
    """Where the right is missing, and not where its server knows no such setting."""
    refused = "the right s3:GetBucketAcl is missing"
    for unseen in (Bucket(name="shop", unseen=(refused,)), Failure("Forbidden", refused, "s3:x")):
        (finding,) = told(secrets(content(testbed.encrypted()), unseen))
        assert finding.startswith("unknown: ") and refused in finding


@pytest.mark.parametrize(("public", "outcome"), [(True, ["fail"]), (False, []), (None, [])])
def test_a_bucket_that_everybody_may_read_fails(public: bool | None, outcome: list[str]) -> None:
    found = secrets(content(testbed.encrypted()), Bucket(name="shop", public=public))
    assert outcome == [one.partition(":")[0] for one in told(found)]
    assert bool(found.notes) == (public is None)


# -- configuration ---------------------------------------------------------------------------------------


def test_every_kind_in_a_form_that_parses_passes() -> None:
    assert [] == told(config(content(testbed.configuration()), kinds=("ConfigMap", "Ingress")))


@pytest.mark.parametrize(
    ("data", "limits", "message"),
    [
        (testbed.manifest("Pod", "Service"), {}, "has no ConfigMap"),
        (testbed.configuration() + b"- [\n", {}, "cannot be parsed"),
        (b"", {}, "is no YAML: its form is empty"),
        (testbed.configuration(), {"named": ("ConfigMap/app",)}, "lacks ConfigMap/app"),
        (
            testbed.configuration(),
            {"named": ("ConfigMap/other/configmap",)},
            "lacks ConfigMap/other/configmap",
        ),
    ],
)
def test_configuration_that_is_not_all_fails(data: bytes, limits: dict[str, Any], message: str) -> None:
    (finding,) = told(config(content(data), **limits))
    assert finding.startswith("fail: ")
    assert message in finding


def test_named_objects_that_are_there_pass() -> None:
    named = ("ConfigMap/configmap", "ConfigMap/shop/configmap")
    assert [] == told(config(content(testbed.configuration()), named=named))


def test_encrypted_configuration_is_undecided() -> None:
    assert told(config(content(testbed.encrypted())))[0].startswith("unknown: ")


# -- what lives ------------------------------------------------------------------------------------------


def object_of(kind: Any, name: str, *, age: timedelta = timedelta(days=30), **more: Any) -> Any:
    meta = {"name": name, "namespace": "shop", "creationTimestamp": (NOW - age).isoformat(), **more}
    return msgspec.convert({"metadata": meta}, kind)


def document(*objects: tuple[str, str], namespace: str = "shop") -> bytes:
    where = f", namespace: {namespace}" if namespace else ""
    return "---\n".join(
        f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n" for kind, name in objects
    ).encode()


def lives(data: bytes, *objects: Any, found: Any = None) -> Examination:
    live = Listing(objects, as_of=NOW) if found is None else found
    return examined(
        check_config_included, (looked(content(data)),), None, live, None, live=True, kinds=("Deployment",)
    )


API, WEB = ("Deployment", "api"), ("Service", "web")
BOTH = (object_of(Deployment, "api"), object_of(Service, "web"))


@pytest.mark.parametrize("namespace", ["shop", ""])
def test_all_that_lives_is_in_it(namespace: str) -> None:
    """As the cluster prints it, or as people write it: without a namespace."""
    found = lives(document(API, WEB, namespace=namespace), *BOTH)
    assert (2, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    "data", [document(API), document(API, WEB, namespace="other"), document(API, ("Pod", "web"))]
)
def test_what_lives_and_is_not_in_it_is_named(data: bytes) -> None:
    found = told(lives(data, *BOTH))
    assert any("of 2 live objects: " in one and "Service shop/web" in one for one in found)
    assert all(one.startswith("fail: live objects db-%Y%m%d.sql.gz: ") for one in found)


@pytest.mark.parametrize(
    "made",
    [
        object_of(Service, "web", age=timedelta(hours=1)),
        object_of(Service, "web", ownerReferences=[{"kind": "Gateway", "name": "g", "controller": True}]),
        object_of(Service, "web", deletionTimestamp=NOW.isoformat()),
    ],
)
def test_what_is_younger_than_it_or_made_by_another_is_not_missed(made: Any) -> None:
    assert [] == told(lives(document(API), object_of(Deployment, "api"), made))


def test_claims_of_a_stateful_set_are_made_by_it_and_all_others_are_written() -> None:
    data = document(API, ("StatefulSet", "db"))
    own, other = object_of(VolumeClaim, "data-db-0"), object_of(VolumeClaim, "uploads")
    database = object_of(StatefulSet, "db")
    assert [] == told(lives(data, object_of(Deployment, "api"), database, own))
    of_two_words = object_of(VolumeClaim, "data-dir-db-11")
    assert [] == told(lives(data, object_of(Deployment, "api"), database, of_two_words))
    assert (
        "PersistentVolumeClaim shop/uploads"
        in told(lives(data, object_of(Deployment, "api"), database, other))[0]
    )


def test_where_nothing_that_old_lives_nothing_is_proven() -> None:
    young = object_of(Deployment, "api", age=timedelta(hours=1))
    for found in (lives(document(API)), lives(document(API), young)):
        assert [
            "unknown: live objects db-%Y%m%d.sql.gz: nothing lives there that is older than db-20261126.sql.gz"
        ] == (told(found))


def test_what_may_not_be_listed_is_undecided() -> None:
    refused = Failure("Forbidden", "the permission to list services is missing", "kubernetes:x")
    for found in (refused, listing(object_of(Deployment, "api"), gaps=[refused])):
        assert ["unknown"] == [one.partition(":")[0] for one in told(lives(document(API), found=found))]


def test_a_backup_that_cannot_be_read_is_told_once() -> None:
    (finding,) = told(lives(b"", *BOTH))
    assert finding.startswith("fail: content newest")


# -- what has to live ------------------------------------------------------------------------------------


def config_map(*maps: Any, found: Any = None, **limits: Any) -> list[str]:
    listed = listing(*maps) if found is None else found
    asked = {"config_map": "shop/restore-config", "keys": ("script", "bucket"), **limits}
    return told(examined(check_config_included, None, None, None, listed, **asked))


def restore_config(**data: str) -> ConfigValues:
    return msgspec.convert(
        {"metadata": {"name": "restore-config", "namespace": "shop"}, "data": data}, ConfigValues
    )


def test_a_config_map_with_its_keys_passes() -> None:
    """No backup is looked for where the row names none."""
    assert [] == config_map(restore_config(script=SET, bucket=SET))


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ((), "there is no ConfigMap shop/restore-config"),
        ((restore_config(script=SET),), "it has nothing under bucket"),
        ((restore_config(),), "it has nothing under script, bucket"),
    ],
)
def test_a_config_map_that_is_not_there_or_lacks_a_key_fails(maps: tuple[Any, ...], message: str) -> None:
    assert [f"fail: configmap shop/restore-config: {message}"] == config_map(*maps)


def test_a_config_map_that_may_not_be_read_is_undecided() -> None:
    refused = Failure("Forbidden", "the permission to get configmaps is missing", "kubernetes:x")
    assert ["unknown: configmap shop/restore-config: the permission to get configmaps is missing"] == (
        config_map(found=refused)
    )
