"""A bucket on a small server: pages, keys, redirects, a busy server, and what it is asked with."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore import exceptions, parsers
from pydantic import ValidationError

from opsproof.environment.kinds import settings_of
from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotConfigured, TooBig
from opsproof.model.rights import Account, Need
from opsproof.model.stored import Content, Shelf
from opsproof.model.target import Budget
from opsproof.sources.s3 import collector as module
from opsproof.sources.s3.collector import S3Collector
from opsproof.sources.s3.facts import SETTINGS, Bucket, BucketOf, ContentOf, ObjectsOf
from opsproof.sources.s3.failure import TABLE
from opsproof.sources.s3.rights import RIGHTS
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.testing.spoken import Said
from tests.contract.s3_wire import BUCKET, KEY, Answer, answering, listing, speaking

Pages = Callable[[dict[str, list[str]]], bytes]
XML = "Content-Type: application/xml"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "key"
    file.write_text("Planted-4711-key\n")
    return str(file)


@contextmanager
def bucket(answer: Answer, secret: str, **more: Any) -> Iterator[tuple[S3Collector, RecordingLink]]:
    with faulty.serving(speaking(answer)) as port:
        budget, identity = more.pop("budget", None), more.pop("identity", None)
        keys = {"access_key": {"file": secret}, "secret_key": {"file": secret}}
        settings = {"bucket": BUCKET, "endpoint": f"http://127.0.0.1:{port}", **keys, **more}
        target = target_of("s3", budget=budget, identity=identity, **settings)
        yield S3Collector(target), RecordingLink(target)


def paged(pages: Pages) -> Answer:
    return lambda method, path, query: faulty.http(pages(parse_qs(query, keep_blank_values=True)), XML)


def objects(
    answer: Answer, secret: str, pattern: str = "db-%Y%m%d.sql.gz", **more: Any
) -> tuple[Shelf, list[str]]:
    with bucket(answer, secret, **more) as (collector, link):
        shelf = collector.collect(ObjectsOf(target="s3:test", pattern=pattern), link)
    assert isinstance(shelf, Shelf)
    return shelf, link.paths


def failing(answer: Answer, secret: str, **more: Any) -> CollectionError:
    with pytest.raises(CollectionError) as caught:
        objects(answer, secret, **more)
    return caught.value


def test_every_page_is_read(secret: str) -> None:
    """The newest backup may be on the last of them."""

    def pages(query: dict[str, list[str]]) -> bytes:
        number = int(query.get("continuation-token", ["0"])[0])
        keys = [f"db-2026013{number}.sql.gz"] if number < 2 else []
        return listing(*keys, token=str(number + 1) if number < 2 else "")

    shelf, paths = objects(paged(pages), secret)
    assert ["db-20260130.sql.gz", "db-20260131.sql.gz"] == [one.name for one in shelf.stored]
    assert 3 == len(paths)


def test_a_page_that_comes_again_ends_the_listing(secret: str) -> None:
    assert isinstance(failing(paged(lambda query: listing(KEY, token="same")), secret), BadAnswer)


@pytest.mark.parametrize(
    "second",
    [
        faulty.http(listing("db-20260131.sql.gz")[:-40], XML),
        faulty.http(b"<html>Welcome</html>", "Content-Type: text/html"),
        faulty.http(b"<Error><Code>NoSuchBucket</Code></Error>", XML, status="404 Not Found"),
        faulty.http(listing("db-20260131.sql.gz").replace(b"<IsTruncated>false</IsTruncated>", b""), XML),
    ],
    ids=["cut in the middle", "a web page", "gone", "of unknown end"],
)
def test_of_a_listing_that_breaks_off_the_first_page_is_none(secret: str, second: bytes) -> None:
    """A thousand keys are there, and the newest is not among them."""

    def answer(method: str, path: str, query: str) -> bytes:
        first = faulty.http(listing("db-20260130.sql.gz", token="next"), XML)
        return first if "continuation-token" not in query else second

    assert failing(answer, secret).as_failure().kind in {"BadAnswer", "NotFound"}


def test_a_page_that_has_more_and_does_not_say_where_is_none(secret: str) -> None:
    page = listing(KEY, token="next").replace(b"<NextContinuationToken>next</NextContinuationToken>", b"")
    assert "does not say which is the next" in failing(paged(lambda query: page), secret).message


def test_a_listing_of_another_bucket_is_none(secret: str) -> None:
    assert isinstance(failing(paged(lambda query: listing(name="another")), secret), BadAnswer)


@pytest.mark.parametrize(
    "body",
    [
        b"<html/>",
        b'<?xml version="1.0"?><ListAllMyBucketsResult></ListAllMyBucketsResult>',
        b"<ListBucketResult></ListBucketResult>",
        b"",
    ],
)
def test_a_document_of_something_else_is_no_empty_bucket(secret: str, body: bytes) -> None:
    assert isinstance(failing(paged(lambda query: body), secret), BadAnswer)


def test_a_server_that_ignores_the_prefix_is_seen(secret: str) -> None:
    assert "others than were asked for" in failing(paged(lambda query: listing("other/key")), secret).message


def test_where_nothing_begins_so_it_is_told_what_there_is(secret: str) -> None:
    """A prefix that is mistyped looks like an empty bucket."""

    def pages(query: dict[str, list[str]]) -> bytes:
        if "delimiter" not in query:
            return listing()
        return listing().replace(
            b"<KeyCount>", b"<CommonPrefixes><Prefix>nightly/</Prefix></CommonPrefixes><KeyCount>"
        )

    shelf, _ = objects(paged(pages), secret)
    assert ((), 0, ("nightly/",)) == (shelf.stored, shelf.others, shelf.instead)


def test_names_that_do_not_fit_are_counted(secret: str) -> None:
    shelf, _ = objects(paged(lambda query: listing(KEY, "db-latest.sql.gz", "db-20269999.sql.gz")), secret)
    assert (1, 2) == (len(shelf.stored), shelf.others)


def test_objects_of_a_folder_are_one(secret: str) -> None:
    keys = ("20260131_030000/uploads/a", "20260131_030000/uploads/b/c", "20260131_030000/uploads/")
    shelf, _ = objects(paged(lambda query: listing(*keys)), secret, "%Y%m%d_%H%M%S/uploads/")
    (one,) = shelf.stored
    assert ("20260131_030000/uploads/", 2, 200) == (one.name, one.count, one.size)


@pytest.mark.parametrize("key", ["db-" + "k" * 2000, "db-\x1b[2J", "db-../../etc/passwd", "db-\u202etxt"])
def test_hostile_keys_do_no_harm(secret: str, key: str) -> None:
    """What XML cannot hold is no listing; what is too long is no key; the rest is data."""
    found: object = None
    with suppress(BadAnswer):
        found = objects(paged(lambda query: listing(KEY, key)), secret)[0]
    assert found is None or (isinstance(found, Shelf) and (1, 1) == (len(found.stored), found.others))


def test_more_objects_than_facts_hold_are_too_big(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    keys = [f"db-2026013{day}.sql.gz" for day in (0, 1)] + [f"db-2026012{day}.sql.gz" for day in range(3)]
    failure = failing(paged(lambda query: listing(*keys)), secret)
    assert isinstance(failure, TooBig) and failure.own


@pytest.mark.parametrize(
    ("status", "code"),
    [("503 Slow Down", "SlowDown"), ("500 Internal", "InternalError"), ("429 Many", "SlowDown")],
)
def test_a_busy_server_is_asked_again(secret: str, status: str, code: str) -> None:
    """After as long as it says; each attempt is recorded."""
    numbers = itertools.count()

    def answer(method: str, path: str, query: str) -> bytes:
        if next(numbers) < 2:
            return faulty.http(
                f"<Error><Code>{code}</Code></Error>".encode(), XML, "Retry-After: 0", status=status
            )
        return faulty.http(listing(KEY), XML)

    shelf, paths = objects(answer, secret)
    assert (1, 3) == (len(shelf.stored), len(paths))


def test_a_server_that_stays_busy_is_no_answer(secret: str) -> None:
    def answer(method: str, path: str, query: str) -> bytes:
        return faulty.http(b"<Error><Code>SlowDown</Code></Error>", XML, "Retry-After: 0", status="503 Slow")

    assert "s3:ListBucket: HTTP 503" == failing(answer, secret).message


@pytest.mark.parametrize("status", ["301 Moved Permanently", "307 Temporary Redirect", "400 Bad Request"])
def test_a_bucket_in_another_region_is_told_and_not_followed(secret: str, status: str) -> None:
    """Nothing that is signed with our key goes to a server that is not declared."""
    seen = []

    def answer(method: str, path: str, query: str) -> bytes:
        seen.append(path)
        body = b"<Error><Code>AuthorizationHeaderMalformed</Code></Error>"
        return faulty.http(
            body, XML, "x-amz-bucket-region: eu-west-1", "Location: http://127.0.0.1:1/", status=status
        )

    failure = failing(answer, secret)
    assert isinstance(failure, NotConfigured)
    assert "region" in failure.message
    assert 1 == len(seen)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, "Forbidden"),
        ("NoSuchBucket", 404, "NotFound"),
        ("InvalidAccessKeyId", 403, "Unauthenticated"),
        ("SignatureDoesNotMatch", 403, "Unauthenticated"),
        ("ExpiredToken", 400, "Unauthenticated"),
        ("RequestTimeTooSkewed", 403, "Unauthenticated"),
        ("Whatever", 418, "BadAnswer"),
    ],
)
def test_what_s3_answers_has_its_kind(secret: str, code: str, status: int, kind: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>token-of-ours</Message></Error>".encode()
    failure = failing(lambda *_: faulty.http(body, XML, status=f"{status} Refused"), secret)
    assert kind == failure.as_failure().kind
    assert "token-of-ours" not in failure.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (faulty.http(b"<Error><Code>NoSuchBucket</Code></Error>", XML, status="404 Not Found"), "NotFound"),
        (faulty.http(b"<html>Welcome</html>", "Content-Type: text/html"), "BadAnswer"),
        (faulty.http(b"no such thing", "Content-Type: text/html", status="404 Not Found"), "NotFound"),
    ],
)
def test_where_no_such_bucket_answers_nothing_tells_that_no_right_is_missing(
    secret: str, answer: bytes, kind: str
) -> None:
    """Each right by itself: there is nothing that it could be a right on."""
    with bucket(lambda method, path, query: answer, secret) as (collector, link):
        for right in ("s3:ListBucket", *SETTINGS):
            with pytest.raises(CollectionError) as caught:
                collector.lacks([Need(right)], link)
            assert kind == caught.value.as_failure().kind, right


def test_a_missing_right_is_named(secret: str) -> None:
    body = b"<Error><Code>AccessDenied</Code></Error>"
    failure = failing(lambda *_: faulty.http(body, XML, status="403 Forbidden"), secret)
    assert isinstance(failure, Forbidden)
    assert "the right s3:ListBucket is missing" == failure.message


def test_nothing_of_the_shell_is_used(secret: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No profile, no endpoint, no proxy, no other keys: what the environment does not declare is not there."""
    (tmp_path / "config").write_text("[profile other]\naws_access_key_id = OTHER\nregion = mars-1\n")
    for name, value in {
        "AWS_PROFILE": "is-not-there", "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_REGION": "mars-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "OTHER",
        "AWS_SECRET_ACCESS_KEY": "OTHER", "AWS_SESSION_TOKEN": "OTHER", "AWS_USE_FIPS_ENDPOINT": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(faulty.http(listing(KEY), XML))

    with faulty.serving(behave) as port:
        keys = {"access_key": {"file": secret}, "secret_key": {"file": secret}}
        target = target_of("s3", bucket=BUCKET, endpoint=f"http://127.0.0.1:{port}", **keys)
        S3Collector(target).collect(ObjectsOf(target="x", pattern="db-%Y%m%d.sql.gz"), RecordingLink(target))
    assert b"Credential=Planted-4711-key/" in seen[0]
    assert b"/us-east-1/s3/" in seen[0]
    assert b"OTHER" not in seen[0] and b"mars" not in seen[0]


def test_keys_are_told_before_they_are_used(secret: str) -> None:
    with bucket(answering(Said()), secret) as (collector, link):
        collector.collect(ObjectsOf(target="x", pattern="db-%Y%m%d.sql.gz"), link)
    assert "Planted-4711-key" in link.told
    assert not any("Planted" in path for path in link.paths)


def test_an_object_is_read_as_it_is_stored(secret: str) -> None:
    """Nothing between unpacks it, and nothing of it is kept."""
    with bucket(answering(Said()), secret) as (collector, link):
        content = collector.collect(ContentOf(target="x", key=KEY), link)
    assert isinstance(content, Content)
    assert ("gzip", "", "sql", True) == (content.packing, content.problem, content.form, content.trailer)
    assert [f"HEAD /{BUCKET}/{KEY}", f"GET /{BUCKET}/{KEY}"] == link.paths


def test_an_object_above_the_budget_is_not_begun(secret: str) -> None:
    """The message says which number to raise."""
    small = Budget(max_bytes=100)
    with (
        bucket(answering(Said()), secret, budget=small) as (collector, link),
        pytest.raises(TooBig, match=r"budget.max_bytes is 100B: raise it") as caught,
    ):
        collector.collect(ContentOf(target="x", key=KEY), link)
    assert caught.value.own
    assert [f"HEAD /{BUCKET}/{KEY}"] == link.paths


def test_an_object_that_ends_early_is_no_truncated_dump(secret: str) -> None:
    """The connection broke: the object itself may be whole."""
    whole = answering(Said())

    def answer(method: str, path: str, query: str) -> bytes:
        said = whole(method, path, query)
        head, _, body = said.partition(b"\r\n\r\n")
        return (
            said
            if method == "HEAD"
            else head.replace(b"Content-Length: %d" % len(body), b"Content-Length: 10")
            + b"\r\n\r\n"
            + body[:10]
        )

    with bucket(answer, secret) as (collector, link), pytest.raises(BadAnswer, match="10 of its"):
        collector.collect(ContentOf(target="x", key=KEY), link)


def test_each_setting_is_asked_for_by_itself(secret: str) -> None:
    """One that is refused or not known hides no other."""
    good = answering(Said("monthly"))

    def answer(method: str, path: str, query: str) -> bytes:
        if query == "policyStatus":
            return faulty.http(b"<Error><Code>AccessDenied</Code></Error>", XML, status="403 Forbidden")
        if query == "encryption":
            return faulty.http(b"<Error><Code>NotImplemented</Code></Error>", XML, status="501 No")
        return good(method, path, query)

    with bucket(answer, secret) as (collector, link):
        found = collector.collect(BucketOf(target="x"), link)
    assert isinstance(found, Bucket)
    assert ("Enabled", None) == (found.versioning, found.encryption)
    assert ("the right s3:GetBucketPolicyStatus is missing",) == found.unseen
    assert [("monthly", 30)] == [(one.name, one.days) for one in found.expiries or ()]


@pytest.mark.parametrize(
    ("refused", "grant", "public"),
    [("", "", False), ("policyStatus", "", None), ("acl", "", None), ("policyStatus", "AllUsers", True)],
)
def test_a_bucket_is_closed_where_both_its_doors_are(
    secret: str, refused: str, grant: str, public: bool | None
) -> None:
    """By its policy, and by its list of rights: of one that may not be seen nobody knows."""
    good = answering(Said())
    uri = f"http://acs.amazonaws.com/groups/global/{grant}"
    acl = (
        f'<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="x" xsi:type="Group"><URI>{uri}</URI>'
        "</Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
    )

    def answer(method: str, path: str, query: str) -> bytes:
        if refused and query == refused:
            return faulty.http(b"<Error><Code>AccessDenied</Code></Error>", XML, status="403 Forbidden")
        return faulty.http(acl.encode(), XML) if query == "acl" else good(method, path, query)

    with bucket(answer, secret) as (collector, link):
        assert public is collector.collect(BucketOf(target="x"), link).public


@pytest.mark.parametrize(
    ("query", "root"), [("policyStatus", "PolicyStatus"), ("acl", "AccessControlPolicy")]
)
def test_an_answer_that_does_not_say_who_comes_in_closes_no_bucket(
    secret: str, query: str, root: str
) -> None:
    good = answering(Said())

    def answer(method: str, path: str, asked: str) -> bytes:
        return faulty.http(f"<{root}/>".encode(), XML) if asked == query else good(method, path, asked)

    with bucket(answer, secret) as (collector, link):
        assert collector.collect(BucketOf(target="x"), link).public is None


def test_whose_the_bucket_is_is_asked_with_every_request(secret: str) -> None:
    seen: list[bytes] = []
    lock = threading.Lock()

    def behave(connection: socket.socket) -> None:
        while heard := connection.recv(65536):
            with lock:
                seen.append(heard)
            other = b"x-amz-expected-bucket-owner: 000000000000" in heard
            connection.sendall(faulty.http(b"", status="403 Forbidden" if other else "200 OK"))

    with faulty.serving(behave) as port:
        keys = {"access_key": {"file": secret}, "secret_key": {"file": secret}}
        target = target_of(
            "s3",
            identity={"account": "123456789012"},
            bucket=BUCKET,
            endpoint=f"http://127.0.0.1:{port}",
            **keys,
        )
        collector = S3Collector(target)
        assert {"account": "123456789012"} == collector._account(RecordingLink(target))
    assert any(b"x-amz-expected-bucket-owner: 123456789012" in one for one in seen)


def test_a_server_that_does_not_look_at_the_account_proves_nothing(secret: str) -> None:
    declared = {"account": "123456789012"}
    with (
        bucket(answering(Said()), secret, identity=declared) as (collector, link),
        pytest.raises(CollectionError, match="proves nothing there"),
    ):
        collector.identify(link)


def test_every_class_of_the_library_has_its_row() -> None:
    """One that it grows has to be looked at."""
    assert [] == TABLE.missing(exceptions, parsers)


def settings(**more: Any) -> Any:
    keys = {"access_key": {"env": "A"}, "secret_key": {"env": "S"}}
    return settings_of("s3").model_validate({"bucket": "shop-backups", **keys, **more}, context="/")


@pytest.mark.parametrize(
    ("given", "server"),
    [
        ({"region": "eu-west-1"}, "https://shop-backups.s3.eu-west-1.amazonaws.com"),
        ({"region": "eu-west-1", "path_style": True}, "https://s3.eu-west-1.amazonaws.com"),
        ({"endpoint": "https://minio.example.com:9000"}, "https://minio.example.com:9000"),
        ({"endpoint": "https://s3.example.com", "path_style": False}, "https://shop-backups.s3.example.com"),
    ],
)
def test_where_the_bucket_is(given: dict[str, Any], server: str) -> None:
    assert server == settings(**given).server


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"bucket": "Shop"}, "not the name of a bucket"),
        ({"bucket": "s3://shop"}, "not the name of a bucket"),
        ({"endpoint": "http://minio.example.com"}, "plain http"),
        ({"region": "EU west"}, "not a region"),
        ({"identity": {"account": "123"}}, "no account"),
        ({"secret_key": "wJalrXUtnFEMI"}, "a secret in the file"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**given)


def test_the_policy_gives_what_is_needed_and_nothing_more() -> None:
    target = target_of("s3", bucket="shop-backups", access_key={"env": "A"}, secret_key={"env": "S"})
    needs = [Need("s3:ListBucket"), Need("s3:GetObject"), Need("s3:GetBucketVersioning")]
    (file,) = RIGHTS.files(needs, target, Account())
    assert '"s3:GetBucketVersioning",\n        "s3:ListBucket"' in file.text
    assert "arn:aws:s3:::shop-backups/*" in file.text
    assert not any(word in file.text for word in ("Put", "Delete", '"*"', "s3:*"))
