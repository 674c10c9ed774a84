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
from opsproof.model.stored import Content
from opsproof.sources.files.remote.reader import Reader
from opsproof.sources.s3.facts import Bucket
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import NOW, kept, looked, night, nights, stored, told
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
    return examined(check_integrity, (looked(one, there=there),), None, shelves, None, *[None] * 4, **limits)


def secrets(one: Content, bucket: Any = None, *, there: bool = False, **limits: Any) -> Examination:
    return examined(check_secrets_encrypted, (looked(one, there=there),), None, bucket, **limits)


def config(one: Content, *, there: bool = False, **limits: Any) -> Examination:
    return examined(check_config_included, (looked(one, there=there),), None, **limits)


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
        examined(check_integrity, (failure,), *[None] * 7)
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
