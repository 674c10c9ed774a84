"""Velero's facts: what is kept of its objects, and how Velero writes durations and labels."""

from __future__ import annotations

import msgspec
import pytest

from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.velero import (
    Backup,
    DataUpload,
    Restore,
    StorageLocation,
    in_backup,
    label_value,
    seconds,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("720h0m0s", 2592000.0), ("1m0s", 60.0), ("1.5s", 1.5), ("10ms", 0.01), ("2h45m", 9900.0), ("0s", 0.0),
        ("0", 0.0), ("", None), ("a month", None), ("30", None), ("1d", None), ("-1h", None),
    ],
)  # fmt: skip
def test_durations_are_gos(text: str, found: float | None) -> None:
    assert found == seconds(text)


def test_a_long_name_is_cut_in_a_label_and_ends_with_a_digest() -> None:
    """As Velero does, so that what belongs to a backup is found."""
    assert "n" * 63 == label_value("n" * 63)
    long = label_value("n" * 64)
    assert (63, "n" * 57) == (len(long), long[:57])
    assert long != label_value("n" * 65)
    assert in_backup(Meta(labels={"velero.io/backup-name": long}), "n" * 64)
    assert not in_backup(Meta(), "nightly")


def test_of_a_backup_no_text_of_a_server_is_kept() -> None:
    document = {
        "metadata": {"name": "nightly-1", "namespace": "velero", "annotations": {"note": "planted"}},
        "spec": {"hooks": {"resources": [{"pre": [{"exec": {"command": ["planted"]}}]}]}, "ttl": "24h0m0s"},
        "status": {"phase": "Failed", "failureReason": "planted", "validationErrors": ["planted"]},
    }
    found = msgspec.convert(document, Backup)
    assert b"planted" not in msgspec.json.encode(found)
    assert (True, False, 86400.0) == (found.ended, found.under_way, found.spec.kept_for)


def test_null_is_what_the_api_may_write_for_a_list() -> None:
    spec = dict.fromkeys(("includedNamespaces", "excludedNamespaces", "labelSelector", "orLabelSelectors"))
    found = msgspec.convert({"metadata": {}, "spec": spec, "status": {"progress": None}}, Backup)
    assert (None, False) == (found.spec.included_namespaces, found.hollow)


def test_of_a_location_its_bucket_is_kept_and_no_setting_of_its_provider() -> None:
    document = {
        "metadata": {"name": "default"},
        "spec": {
            "objectStorage": {"bucket": "shop", "prefix": "one"},
            "config": {"s3Url": "https://planted"},
            "credential": {"name": "planted", "key": "planted"},
        },
        "status": {"message": "planted"},
    }
    found = msgspec.convert(document, StorageLocation)
    assert b"planted" not in msgspec.json.encode(found)
    assert "one/backups/n/n.tar.gz" == found.path("n")


def test_the_claim_of_an_upload_is_called_as_the_api_does() -> None:
    spec = {"sourceNamespace": "shop", "sourcePVC": "data"}
    found = msgspec.convert({"metadata": {}, "spec": spec}, DataUpload)
    assert ("shop", "data") == (found.spec.source_namespace, found.spec.source_claim)


def test_a_restore_knows_where_it_went() -> None:
    document = {"metadata": {}, "spec": {"backupName": "n", "namespaceMapping": {"shop": "scratch"}}}
    found = msgspec.convert(document, Restore)
    assert ("n", {"shop": "scratch"}) == (found.spec.backup_name, found.spec.namespace_mapping)
