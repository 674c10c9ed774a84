"""opsproof reads, with the rights of its checks, and nothing else: the servers' own logs."""

from __future__ import annotations

import re

import pytest

from tests.proofs.conftest import Proof
from tests.testbed.services import redis

pytestmark = [pytest.mark.testbed, pytest.mark.slow]
READS = re.compile(r"(SELECT|BEGIN|COMMIT|ROLLBACK|SET LOCAL statement_timeout)\b", re.IGNORECASE)
WRITES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|GRANT|COPY|TRUNCATE|CALL|DO)\b", re.IGNORECASE
)


def test_kubernetes_saw_get_and_list_of_one_user(proof: Proof) -> None:
    assert {event["user"]["username"] for event in proof.audit} == {"opsproof"}
    assert {event["verb"] for event in proof.audit} <= {"get", "list"}


def test_no_secret_and_no_log_was_asked_for(proof: Proof) -> None:
    resources = {event["objectRef"]["resource"] for event in proof.audit if "objectRef" in event}
    assert "pods" in resources
    assert not resources & {"secrets", "serviceaccounts"}
    assert not any(event.get("objectRef", {}).get("subresource") for event in proof.audit)


def test_of_config_maps_three_were_asked_for(proof: Proof) -> None:
    asked = [
        event["objectRef"]
        for event in proof.audit
        if event.get("objectRef", {}).get("resource") == "configmaps"
    ]
    found = {(one["namespace"], one.get("name")) for one in asked}
    assert found == {
        ("kube-system", "cluster-autoscaler-status"),
        ("production", "restore-config"),
        ("smartcloudops", "backend-config"),
    }


def test_nothing_was_refused(proof: Proof) -> None:
    """The rights that the testbed gives are enough; the lease of Karpenter is not there."""
    refused = [event for event in proof.audit if event["responseStatus"]["code"] != 200]
    assert {event["responseStatus"]["code"] for event in refused} <= {404}
    assert {event["objectRef"]["resource"] for event in refused} <= {"leases"}


def test_the_database_saw_reads(proof: Proof) -> None:
    mine = [text for user, _, text in proof.asked.statements if user == "opsproof"]
    assert mine
    assert [text for text in mine if not READS.match(text) or WRITES.search(text)] == []


@pytest.mark.parametrize("server", redis.SERVERS)
def test_caches_saw_reads(proof: Proof, server: str) -> None:
    words = {command.split()[0].strip('"').upper() for command in proof.asked.redis[server]}
    assert words <= {"AUTH", "PING", "INFO", "EXISTS", "TYPE", "LLEN", "SMEMBERS", "ZCARD", "ZRANGE"}


def test_web_servers_saw_gets(proof: Proof) -> None:
    assert {one["method"] for one in proof.asked.web} == {"GET"}
    assert {one["method"] for one in proof.alertmanager} == {"GET"}
