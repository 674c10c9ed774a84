"""A server that speaks S3, as far as a bucket is read."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import format_datetime
from xml.sax.saxutils import escape

from opsproof.testing import faulty
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Said
from opsproof.testing.web import Web
from tests.testbed import stored

BUCKET, KEY = "shop-backups", "db-20260131.sql.gz"
TIME = datetime(2026, 1, 31, 3, 0, tzinfo=timezone.utc)
NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
Answer = Callable[[str, str, str], bytes]


def listing(*keys: str, token: str = "", name: str = BUCKET, size: int = 100) -> bytes:
    """One page; `token`: of the next one."""
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{TIME:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key in keys
    )
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return (
        f'<?xml version="1.0"?><ListBucketResult {NS}><Name>{name}</Name><KeyCount>{len(keys)}</KeyCount>'
        f"<IsTruncated>{str(bool(token)).lower()}</IsTruncated>{more}{contents}</ListBucketResult>"
    ).encode("utf-8", "surrogatepass")


SETTINGS = {
    "versioning": f"<VersioningConfiguration {NS}><Status>Enabled</Status></VersioningConfiguration>",
    "policyStatus": f"<PolicyStatus {NS}><IsPublic>false</IsPublic></PolicyStatus>",
    "object-lock": f"<ObjectLockConfiguration {NS}></ObjectLockConfiguration>",
    "encryption": f"<ServerSideEncryptionConfiguration {NS}></ServerSideEncryptionConfiguration>",
}


def setting(query: str, text: str) -> str:
    """The document of one setting, with a text where its owner chooses one."""
    if query == "acl":
        return f"<AccessControlPolicy {NS}><Owner><ID>{escape(text)}</ID></Owner></AccessControlPolicy>"
    if query == "lifecycle":
        return (
            f"<LifecycleConfiguration {NS}><Rule><ID>{escape(text)}</ID><Status>Enabled</Status>"
            "<Filter><Prefix></Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule>"
            "</LifecycleConfiguration>"
        )
    return SETTINGS[query]


def answering(said: Said) -> Answer:
    """A bucket with one backup, and another object whose name is the text."""
    content = stored.packed(stored.dump(50))

    def answer(method: str, path: str, query: str) -> bytes:
        date = f"Date: {format_datetime((said.clock or datetime.now(timezone.utc)), usegmt=True)}"
        if path == f"/{BUCKET}/{KEY}":
            headers = [date, f"Last-Modified: {format_datetime(TIME, usegmt=True)}", 'ETag: "e"']
            whole = faulty.http(content, *headers, "Content-Type: application/gzip")
            return whole if method == "GET" else whole[: -len(content)]
        if method == "HEAD":
            server = "".join(letter for letter in said.text[:60_000] if 32 <= ord(letter) < 256)
            return faulty.http(b"", date, "x-amz-bucket-region: us-east-1", f"Server: {server}")
        if query.startswith("list-type=2"):
            return faulty.http(listing(KEY, f"db-{said.text}"), date, "Content-Type: application/xml")
        document = setting(query.partition("&")[0].rstrip("="), said.text)
        return faulty.http(document.encode("utf-8", "surrogatepass"), date, "Content-Type: application/xml")

    return answer


def speaking(answer: Answer) -> Behaviour:
    """Answer each request of a connection by its method, path and query."""

    def behave(connection: socket.socket) -> None:
        buffered = b""
        while True:
            while b"\r\n\r\n" not in buffered:
                more = connection.recv(65536)
                if not more:
                    return
                buffered += more
            head, _, buffered = buffered.partition(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
            path, _, query = target.partition("?")
            connection.sendall(answer(method, path, query))

    return behave


class S3(Web):
    """The protocol: HTTP with documents of XML."""

    def __init__(self) -> None:
        super().__init__(lambda text: {})

    def good(self, said: Said) -> Behaviour:
        return speaking(answering(said))
