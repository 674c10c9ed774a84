"""Contents of backups, objects and refusals are in nothing that a run keeps or says."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.ask import Ask
from opsproof.model.target import Target
from opsproof.sources.aws.facts.balancers import LoadBalancerOf
from opsproof.sources.aws.facts.caches import ReplicationGroupOf
from opsproof.sources.aws.facts.databases import DatabaseBackupsOf, DatabaseOf
from opsproof.sources.aws.facts.vaults import VaultOf
from opsproof.sources.files.facts import ListedOf, ReadOf
from opsproof.sources.kubernetes.asks import RESOURCES, AutoscalerStatusOf, ListOf
from opsproof.sources.kubernetes.config_values import ConfigKeysOf, ConfigValuesOf
from opsproof.sources.s3.facts import BucketOf, ContentOf, ObjectsOf
from opsproof.testing import faulty
from opsproof.testing.links import target_of
from tests.contract import aws_wire, s3_wire
from tests.sources.planted import MARK, kept, leaks
from tests.testbed import stored

IN_BASE64 = base64.b64encode(MARK.encode()).decode()
MARKS = (MARK, IN_BASE64)
_ROW = f"1\t{MARK}\n".encode()


def contents() -> dict[str, bytes]:
    """What backups are made of, whole and broken, with the mark in all that is content."""
    dump = stored.dump(2000).replace(b"1\tcustomer 7919\n", _ROW)
    assert _ROW in dump
    manifest = stored.plaintext().replace(b"c3dvcmRmaXNo", IN_BASE64.encode())
    assert IN_BASE64.encode() in manifest
    packed = gzip.compress(dump)
    return {
        "dump": dump,
        "gzip": packed,
        "cut gzip": packed[: len(packed) * 9 // 10],
        "damaged gzip": packed[:-8] + bytes(8),
        "no trailer": packed[:-8],
        "cut dump": dump[: dump.index(_ROW) + len(_ROW)],
        "archive": b"PGDMP\x01\x0e\x00" + MARK.encode() * 1000,
        "manifest": manifest,
        "broken manifest": manifest + f"\n: [{MARK}: {{".encode(),
        "annotation": stored.manifest("ConfigMap", data=f'{{a.json: "{{\\"token\\": \\"{MARK}\\"}}"}}'),
        "OpenPGP": stored.encrypted() + MARK.encode(),
        "armored": b"-----BEGIN PGP MESSAGE-----\n\n" + MARK.encode() + b"\n-----END PGP MESSAGE-----\n",
        "text": f"password={MARK}\n".encode(),
    }


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Any]:
    """Keys of a test's own: what they are is looked for, too."""
    made = {"access_key": "AKIAPLANTED8QZ7ACCESS", "secret_key": "planted-8Qz7/secret+key=="}
    for name, value in made.items():
        (tmp_path / name).write_text(value + "\n")
    return {name: {"file": str(tmp_path / name)} for name in made}


KEYS = ("AKIAPLANTED8QZ7ACCESS", "planted-8Qz7/secret+key==")


@contextmanager
def s3(answer: s3_wire.Answer, keys: dict[str, Any]) -> Iterator[Target]:
    with faulty.serving(s3_wire.speaking(answer)) as port:
        yield target_of("s3", bucket=s3_wire.BUCKET, endpoint=f"http://127.0.0.1:{port}", **keys)


@pytest.mark.parametrize("name", contents())
def test_of_an_object_nothing_is_kept(name: str, keys: dict[str, Any], tmp_path: Path) -> None:
    content = contents()[name]
    headers = ("Last-Modified: Sat, 31 Jan 2026 03:00:00 GMT", f'ETag: "e"\r\nx-amz-meta-note: {MARK}')
    whole = faulty.http(content, *headers)

    def answer(method: str, path: str, query: str) -> bytes:
        return whole if method == "GET" else whole[: len(whole) - len(content)]

    ask = ContentOf(target="s3:test", key=s3_wire.KEY)
    with s3(answer, keys) as target:
        assert leaks(tmp_path, target, [ask], (*MARKS, *KEYS)) == []


@pytest.mark.parametrize("code", ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "Unheard"])
def test_of_what_s3_says_of_a_refusal_nothing_is_kept(
    code: str, keys: dict[str, Any], tmp_path: Path
) -> None:
    """It repeats the request: who asked, with which key, what was signed."""
    body = (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>User: arn:aws:iam::1:user/{MARK}</Message>"
        f"<AWSAccessKeyId>{KEYS[0]}</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 {MARK}</StringToSign>"
        f"<SignatureProvided>{MARK}</SignatureProvided><StringToSignBytes>{MARK}</StringToSignBytes></Error>"
    ).encode()
    refusal = faulty.http(body, "Content-Type: application/xml", status="403 Forbidden")
    asks = [
        BucketOf(target="s3:test"),
        ObjectsOf(target="s3:test", pattern="db-%Y%m%d.gz"),
        ContentOf(target="s3:test", key="db"),
    ]
    with s3(lambda method, path, query: refusal, keys) as target:
        assert leaks(tmp_path, target, asks, (*MARKS, *KEYS), fails=True) == []


def test_a_token_of_a_page_is_none_of_ours(keys: dict[str, Any], tmp_path: Path) -> None:
    """It is the server's, and as long as it likes: the record says that another page was asked for."""
    pages = {
        True: s3_wire.listing("db-20260131.gz", token=MARK * 100),
        False: s3_wire.listing("db-20260130.gz"),
    }

    def answer(method: str, path: str, query: str) -> bytes:
        if method == "HEAD":
            return faulty.http(b"")
        return faulty.http(pages["continuation-token" not in query], "Content-Type: application/xml")

    ask = ObjectsOf(target="s3:test", pattern="db-%Y%m%d.gz")
    with s3(answer, keys) as target:
        told, files = kept(tmp_path, target, ask)
        assert 2 == len(told.value().stored)  # type: ignore[attr-defined]
        assert MARK.encode() not in files["requests.jsonl"]
        assert b"prefix=db-" in files["requests.jsonl"]


AWS: tuple[Callable[..., Ask], ...] = (
    DatabaseOf,
    DatabaseBackupsOf,
    ReplicationGroupOf,
    LoadBalancerOf,
    VaultOf,
)


@pytest.mark.parametrize("code", ["AccessDenied", "SignatureDoesNotMatch", "Unheard", ""])
def test_of_what_aws_says_nothing_is_kept_that_is_not_a_fact(
    code: str, keys: dict[str, Any], tmp_path: Path
) -> None:
    """Neither of refusals, which repeat ARN, keys and what was signed, nor what lies beside the facts of an answer."""
    message = f"User: arn:aws:iam::1:user/{MARK} ... The Canonical String should have been {KEYS[0]} {MARK}"
    refusal = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    healthy = aws_wire.told("eu-west-1a")
    secret = f"<MasterUsername>{MARK}</MasterUsername><MasterUserSecret><SecretArn>{MARK}</SecretArn></MasterUserSecret>"
    healthy["DescribeDBInstances"] = healthy["DescribeDBInstances"].replace("<MultiAZ>", secret + "<MultiAZ>")
    healthy["DescribeTargetHealth"] = healthy["DescribeTargetHealth"].replace(
        "<State>", f"<Description>{MARK}</Description><State>"
    )
    healthy["ListBackupJobs"] = healthy["ListBackupJobs"].replace(
        '{"Res', f'{{"StatusMessage": "{MARK}", "Res'
    )
    assert all(
        MARK in healthy[one] for one in ("DescribeDBInstances", "DescribeTargetHealth", "ListBackupJobs")
    )

    def answer(action: str, words: dict[str, str]) -> bytes:
        if code:
            return faulty.http(refusal.encode(), status="403 Forbidden")
        return faulty.http(healthy[action].encode())

    with faulty.serving(aws_wire.speaking(answer)) as port:
        target = target_of("aws", region="eu-west-1", endpoint=f"http://127.0.0.1:{port}", **keys)
        asks = [ask(target="aws:test", name=aws_wire.NAME) for ask in AWS]
        assert leaks(tmp_path, target, asks, (*MARKS, *KEYS), fails=bool(code)) == []


@pytest.mark.parametrize("name", ["dump", "cut gzip", "archive", "broken manifest"])
def test_of_a_file_nothing_is_kept(name: str, tmp_path: Path) -> None:
    """The program that reads it is our own, as a host runs it."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "db-20260131.gz").write_bytes(contents()[name])
    pattern = "db-%Y%m%d.gz"
    read = ReadOf(target="files:test", pattern=pattern, which="newest", most=2**30)
    target = target_of("files", local=True, folder=str(folder))
    assert leaks(tmp_path, target, [read, ListedOf(target="files:test", pattern=pattern)], MARKS) == []


CREATED = "2026-11-21T10:00:00Z"
_META = {
    "name": "shop", "namespace": "shop", "uid": "1", "creationTimestamp": CREATED,
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": f'{{"data":{{"a":"{IN_BASE64}"}}}}',
                    "note": MARK},
    "managedFields": [{"manager": MARK}],
}  # fmt: skip
_WORDS = {"message": MARK, "failureReason": MARK, "validationErrors": [MARK], "reason": "Odd"}
_CONDITIONS = [
    {"type": "Ready", "status": "False", "reason": "Odd", "message": MARK, "lastTransitionTime": CREATED}
]
# What objects have beside the facts, by resource.
_OBJECTS: dict[str, dict[str, Any]] = {
    "secrets": {"data": {"a": IN_BASE64}},
    "helm-releases": {"data": {"release": IN_BASE64}},
    "configmaps": {"data": {"a": MARK}},
    "events": {"note": MARK, "type": "Warning", "reason": "Odd", "eventTime": CREATED, "regarding": {"kind": "Pod"},
               "reportingController": MARK, "deprecatedSource": {"host": MARK}},
    "backups.velero.io": {
        "spec": {"hooks": {"resources": [{"pre": [{"exec": {"command": [MARK]}}]}]}},
        "status": {**_WORDS, "phase": "Failed"},
    },
    "schedules.velero.io": {"spec": {"schedule": "0 3 * * *"}, "status": {**_WORDS, "phase": "FailedValidation"}},
    "restores.velero.io": {"status": {**_WORDS, "phase": "Failed"}},
    "backupstoragelocations": {
        "spec": {"provider": "aws", "config": {"s3Url": f"https://k:{MARK}@s3"}, "credential": {"key": MARK},
                 "objectStorage": {"bucket": "b", "caCert": IN_BASE64}},
        "status": {**_WORDS, "phase": "Unavailable"},
    },
    "podvolumebackups": {
        "spec": {"repoIdentifier": f"s3:https://k:{MARK}@s3", "tags": {"a": MARK}}, "status": {**_WORDS, "phase": "Failed"}
    },
    "datauploads": {"spec": {"dataMoverConfig": {"a": MARK}}, "status": {**_WORDS, "phase": "Failed"}},
    "certificates": {"spec": {"keystores": {"jks": {"password": MARK}}}, "status": {"conditions": _CONDITIONS}},
    "certificaterequests": {
        "spec": {"request": IN_BASE64, "username": MARK}, "status": {"conditions": _CONDITIONS, "ca": IN_BASE64}
    },
    "orders": {"spec": {"request": IN_BASE64}, "status": {"state": "errored", "reason": MARK, "url": MARK,
               "authorizations": [{"url": MARK, "challenges": [{"token": MARK, "url": MARK, "type": "http-01"}]}]}},
    "challenges": {"spec": {"token": MARK, "key": MARK, "url": MARK, "dnsName": "shop.example.com", "type": "HTTP-01",
                            "solver": {"http01": {"ingress": {"class": MARK}}}},
                   "status": {"state": "invalid", "reason": MARK}},
    "cronjobs": {"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [
        {"name": "a", "env": [{"name": "A", "value": MARK}], "args": [MARK]}]}}}}}},
    "jobs": {"spec": {"template": {"spec": {"containers": [
        {"name": "a", "env": [{"name": "A", "value": MARK}], "command": [MARK]}]}}},
        "status": {"conditions": [{"type": "Failed", "status": "True", "message": MARK}]}},
    "scaledobjects": {"spec": {"scaleTargetRef": {"name": "a"}, "triggers": [
        {"type": "redis", "metadata": {"password": MARK, "address": MARK}}]}, "status": {"conditions": _CONDITIONS}},
    "nodepools": {"spec": {"template": {"spec": {"userData": MARK}}}, "status": {"conditions": _CONDITIONS}},
    "storageclasses": {"provisioner": "a", "parameters": {"secret": MARK}},
}  # fmt: skip


def cluster(answer: Callable[[str], tuple[str, Any]]) -> faulty.Behaviour:
    """An API server of which each request is answered by its path: a status, and a document."""

    def behave(connection: Any) -> None:
        buffered = b""
        while more := connection.recv(65536):
            buffered += more
            while b"\r\n\r\n" in buffered:
                head, _, buffered = buffered.partition(b"\r\n\r\n")
                status, document = answer(head.split(b" ")[1].decode())
                body = json.dumps(document).encode()
                connection.sendall(faulty.http(body, "Content-Type: application/json", status=status))

    return behave


@contextmanager
def kubernetes(answer: Callable[[str], tuple[str, Any]], folder: Path) -> Iterator[Target]:
    (folder / "token").write_text("a-token-of-the-test")
    with faulty.serving(cluster(answer)) as port:
        token = {"file": str(folder / "token")}
        yield target_of("kubernetes", server=f"http://127.0.0.1:{port}", token=token, allow=["secret-names"])


@pytest.mark.parametrize("name", _OBJECTS)
def test_of_an_object_of_kubernetes_nothing_is_kept_beside_its_facts(name: str, tmp_path: Path) -> None:
    resource = RESOURCES[name]
    thing = {"metadata": _META, **_OBJECTS[name]}
    group = resource.prefix.partition("/apis/")[2] or "v1"
    version = "meta.k8s.io/v1" if resource.list_kind.startswith("Partial") else group
    page = {"kind": resource.list_kind, "apiVersion": version, "metadata": {}, "items": [thing]}
    namespace = "shop" if resource.namespaced else ""
    ask = ListOf(target="kubernetes:test", resource=name, namespace=namespace)
    with kubernetes(lambda path: ("200 OK", page), tmp_path) as target:
        assert leaks(tmp_path, target, [ask], MARKS) == []


def test_of_a_config_map_the_other_keys_are_not_kept(tmp_path: Path) -> None:
    """Nor of the keys that are only looked for, what is under them."""
    data = {"SIZE": "5", "PASSWORD": MARK, "URL": f"postgres://a:{MARK}@db"}
    thing = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": _META,
        "data": data,
        "binaryData": {"a": IN_BASE64},
    }
    where = {"target": "kubernetes:test", "namespace": "shop", "name": "shop"}
    asks = [
        ConfigValuesOf(**where, keys=("SIZE",)),
        ConfigKeysOf(**where, keys=("SIZE", "PASSWORD", "URL")),
    ]
    with kubernetes(lambda path: ("200 OK", thing), tmp_path) as target:
        assert leaks(tmp_path, target, asks, MARKS) == []
        status = AutoscalerStatusOf(**where)
        assert leaks(tmp_path, target, [status], MARKS, fails=True) == []
        assert {"SIZE": "5"} == kept(tmp_path, target, asks[0])[0].value()[0].data  # type: ignore[index]


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "422 Unprocessable", "500 Internal"])
def test_of_what_an_api_server_says_of_a_refusal_nothing_is_kept(status: str, tmp_path: Path) -> None:
    refusal = {"kind": "Status", "status": "Failure", "message": MARK, "reason": MARK,
               "details": {"causes": [{"message": MARK}]}}  # fmt: skip
    asks = [
        ListOf(target="kubernetes:test", resource=name, namespace="shop")
        for name in ("secrets", "certificates")
    ]
    with kubernetes(lambda path: (status, refusal), tmp_path) as target:
        assert leaks(tmp_path, target, asks, MARKS, fails=True) == []
