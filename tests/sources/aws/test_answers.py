"""An account on a small server: pages, refusals, throttling, and what is asked with which keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsproof.environment.kinds import settings_of
from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    NotConfigured,
    NotFound,
    TimedOut,
    TooBig,
    Unauthenticated,
)
from opsproof.model.rights import Account, Need
from opsproof.model.scope import Scope
from opsproof.sources.aws import wire as module
from opsproof.sources.aws.collector import AwsCollector
from opsproof.sources.aws.facts.asked import Named
from opsproof.sources.aws.facts.balancers import LoadBalancerOf
from opsproof.sources.aws.facts.caches import ReplicationGroupOf
from opsproof.sources.aws.facts.databases import DatabaseBackupsOf, DatabaseOf
from opsproof.sources.aws.facts.vaults import VaultOf
from opsproof.sources.aws.rights import RIGHTS
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.contract.aws_wire import (
    ACCOUNT,
    NAME,
    Answer,
    document,
    error,
    instance,
    instances,
    snapshot,
    snapshots,
    speaking,
    told,
)

Change = Callable[[str, dict[str, str]], str | bytes | None]
DATABASE, BACKUPS = DatabaseOf(target="x", name=NAME), DatabaseBackupsOf(target="x", name=NAME)
BALANCER = LoadBalancerOf(target="x", name=NAME)


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "key"
    file.write_text("Planted-4711-key\n")
    return str(file)


def answering(change: Change, status: str = "400 Bad Request") -> Answer:
    """A healthy account, but for what `change` says of an action: an answer, or bytes of an error."""
    healthy = told("eu-west-1a")

    def answer(action: str, words: dict[str, str]) -> bytes:
        found = change(action, words)
        if isinstance(found, bytes):
            return faulty.http(found, "Retry-After: 0", status=status)
        return faulty.http((healthy.get(action, "") if found is None else found).encode())

    return answer


@contextmanager
def account(answer: Answer, secret: str, **more: Any) -> Iterator[tuple[AwsCollector, RecordingLink]]:
    with faulty.serving(speaking(answer)) as port:
        identity = more.pop("identity", None)
        keys = {"access_key": {"file": secret}, "secret_key": {"file": secret}}
        settings = {"region": "eu-west-1", "endpoint": f"http://127.0.0.1:{port}", **keys, **more}
        target = target_of("aws", identity=identity, **settings)
        collector = AwsCollector(target)
        try:
            yield collector, RecordingLink(target)
        finally:
            collector.close()


def asked(ask: Named, secret: str, change: Change = lambda action, words: None, **more: Any) -> Any:
    with account(answering(change, more.pop("status", "400 Bad Request")), secret, **more) as (
        collector,
        link,
    ):
        return collector.collect(ask, link)


def only(action: str, said: str | bytes) -> Change:
    return lambda asked, words: said if asked == action else None


def failing(ask: Named, secret: str, change: Change, **more: Any) -> CollectionError:
    with pytest.raises(CollectionError) as caught:
        asked(ask, secret, change, **more)
    return caught.value


def test_an_instance_with_all_that_checks_need(secret: str) -> None:
    found = asked(DATABASE, secret)
    assert ("available", True, True, 7) == (found.status, found.multi_az, found.encrypted, found.retention)
    assert (None, (), None) == (found.cluster, found.pending, found.changed)


def test_each_request_is_recorded_with_its_action_and_no_signature(secret: str) -> None:
    with account(answering(lambda action, words: None), secret) as (collector, link):
        collector.collect(BACKUPS, link)
    assert [
        "POST /rds/DescribeDBInstances?DBInstanceIdentifier=shop",
        "POST /rds/DescribeDBSnapshots?DBInstanceIdentifier=shop",
    ] == link.paths
    assert "Planted-4711-key" in link.told


def test_pending_changes_are_named_and_their_values_are_not_kept(secret: str) -> None:
    """One of them may be the master's password."""
    pending = "<MultiAZ>false</MultiAZ><MasterUserPassword>Sesame-4711</MasterUserPassword>"
    said = instances(instance(PendingModifiedValues=pending))
    found = asked(DATABASE, secret, only("DescribeDBInstances", said))
    assert (("MasterUserPassword", "MultiAZ"), False) == (found.pending, found.pending_multi_az)
    assert "Sesame" not in repr(found)


def test_a_database_that_is_not_there_is_a_fact(secret: str) -> None:
    assert not asked(DATABASE, secret, only("DescribeDBInstances", error("DBInstanceNotFound"))).found
    assert not asked(DATABASE, secret, only("DescribeDBInstances", instances())).found


def test_a_page_that_is_not_there_is_none(secret: str) -> None:
    """A proxy's 404 says nothing of databases."""
    said = only("DescribeDBInstances", b"<!doctype html><h1>not found</h1>")
    assert isinstance(failing(DATABASE, secret, said, status="404 Not Found"), NotFound)


def test_another_instance_than_was_asked_for_is_no_answer(secret: str) -> None:
    said = instances(instance(DBInstanceIdentifier="another"))
    assert isinstance(failing(DATABASE, secret, only("DescribeDBInstances", said)), BadAnswer)


def test_an_answer_without_its_list_is_no_empty_one(secret: str) -> None:
    said = document("DescribeDBInstances", "<Other/>")
    assert "it has no DBInstances" in failing(DATABASE, secret, only("DescribeDBInstances", said)).message


def test_an_answer_to_something_else_is_none(secret: str) -> None:
    said = told("x")["DescribeReplicationGroups"]
    message = failing(DATABASE, secret, only("DescribeDBInstances", said)).message
    assert "it is no DescribeDBInstancesResponse" in message


@pytest.mark.parametrize(
    ("element", "value"),
    [("BackupRetentionPeriod", "seven"), ("LatestRestorableTime", "soon"), ("DBInstanceStatus", "")],
)
def test_values_of_other_types_are_no_answer(secret: str, element: str, value: str) -> None:
    said = instances(instance(**{element: value}))
    assert isinstance(failing(DATABASE, secret, only("DescribeDBInstances", said)), BadAnswer)


def test_an_instance_of_a_cluster_is_seen_with_it(secret: str) -> None:
    cluster = (
        "<DBCluster><DBClusterIdentifier>shop-cluster</DBClusterIdentifier><Status>available</Status>"
        "<MultiAZ>true</MultiAZ><DBClusterMembers><DBClusterMember><DBInstanceIdentifier>shop</DBInstanceIdentifier>"
        "</DBClusterMember></DBClusterMembers></DBCluster>"
    )

    def change(action: str, words: dict[str, str]) -> str | None:
        if action == "DescribeDBInstances":
            return instances(instance(MultiAZ="false", DBClusterIdentifier="shop-cluster"))
        if action == "DescribeDBClusters":
            return document(action, f"<DBClusters>{cluster}</DBClusters>")
        return document(action, "<DBClusterSnapshots/>") if action == "DescribeDBClusterSnapshots" else None

    found = asked(BACKUPS, secret, change).database.cluster
    assert ("shop-cluster", True, ("shop",)) == (found.name, found.multi_az, found.members)


def test_every_page_of_snapshots_is_read(secret: str) -> None:
    """The newest may be on the last of them."""

    def change(action: str, words: dict[str, str]) -> str | None:
        if action != "DescribeDBSnapshots":
            return None
        number = int(words.get("Marker", "0"))
        found = [snapshot(f"rds:{number}", f"2026-01-0{number + 1}T03:00:00Z")]
        return snapshots(*found, marker=str(number + 1) if number < 2 else "")

    assert ["rds:0", "rds:1", "rds:2"] == [one.name for one in asked(BACKUPS, secret, change).snapshots]


def test_a_page_that_comes_again_ends_the_listing(secret: str) -> None:
    said = snapshots(snapshot("rds:1"), marker="same")
    assert "comes again" in failing(BACKUPS, secret, only("DescribeDBSnapshots", said)).message


def test_more_than_facts_hold_is_too_big(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    said = snapshots(*(snapshot(f"rds:{number}") for number in range(3)))
    failure = failing(BACKUPS, secret, only("DescribeDBSnapshots", said))
    assert isinstance(failure, TooBig) and failure.own


def test_a_snapshot_that_is_being_made_has_no_time_and_comes_last(secret: str) -> None:
    said = snapshots(snapshot("rds:new", at="", status="creating"), snapshot("rds:old"))
    found = asked(BACKUPS, secret, only("DescribeDBSnapshots", said))
    assert ["rds:old", "rds:new"] == [one.name for one in found.snapshots]
    assert ["rds:old"] == [one.name for one in found.whole]


def test_snapshots_that_people_made_are_not_the_schedule(secret: str) -> None:
    said = snapshots(snapshot("mine", kind="manual"), snapshot("aws", kind="awsbackup"))
    assert ["aws"] == [
        one.name for one in asked(BACKUPS, secret, only("DescribeDBSnapshots", said)).scheduled
    ]


def test_events_are_looked_at_while_it_is_not_available(secret: str) -> None:
    event = "<Event><Date>2026-01-31T02:00:00Z</Date></Event><Event><Date>2026-01-31T03:00:00Z</Date></Event>"

    def change(action: str, words: dict[str, str]) -> str | None:
        if action == "DescribeEvents":
            return document(action, f"<Events>{event}</Events>")
        return instances(instance(DBInstanceStatus="rebooting")) if action == "DescribeDBInstances" else None

    assert 3 == asked(DATABASE, secret, change).changed.hour


def test_events_that_we_may_not_see_excuse_nothing(secret: str) -> None:
    def change(action: str, words: dict[str, str]) -> str | bytes | None:
        if action == "DescribeEvents":
            return error("AccessDenied")
        return instances(instance(DBInstanceStatus="rebooting")) if action == "DescribeDBInstances" else None

    assert None is asked(DATABASE, secret, change).changed


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("AccessDenied", Forbidden, "the right rds:DescribeDBInstances is missing"),
        ("UnauthorizedOperation", Forbidden, "the right rds:DescribeDBInstances is missing"),
        ("InvalidClientTokenId", Unauthenticated, "the server does not know the access key"),
        ("SignatureDoesNotMatch", Unauthenticated, "the secret key does not belong to the access key"),
        ("ExpiredToken", Unauthenticated, "the lent keys are no longer valid"),
        ("RegionDisabledException", NotConfigured, "the region is not enabled for the account"),
        ("InvalidParameterValue", BadAnswer, "rds:DescribeDBInstances: HTTP 400"),
    ],
)
def test_what_refuses_is_told_in_our_words(secret: str, code: str, kind: type, message: str) -> None:
    failure = failing(DATABASE, secret, only("DescribeDBInstances", error(code)))
    assert (kind, message, Scope("region", "eu-west-1")) == (type(failure), failure.message, failure.scope)


def test_a_throttled_request_is_asked_again_and_each_attempt_is_recorded(secret: str) -> None:
    numbers = itertools.count()

    def change(action: str, words: dict[str, str]) -> bytes | None:
        return error("Throttling") if next(numbers) < 4 else None

    with account(answering(change), secret) as (collector, link):
        assert collector.collect(DATABASE, link).found
    assert [1, 2, 3, 4, 5] == [one.attempt for one in link.requests]


def test_who_is_throttled_until_the_deadline_knows_nothing(secret: str) -> None:
    def answer(action: str, words: dict[str, str]) -> bytes:
        return faulty.http(error("ThrottlingException"), "Retry-After: 3600", status="400 Bad Request")

    with account(answer, secret) as (collector, link), pytest.raises(TimedOut) as caught:
        collector.collect(DATABASE, link)
    assert "rds:DescribeDBInstances is throttled, 1 times until the deadline" in caught.value.message


def test_a_deadline_that_ends_while_it_is_asked_again_says_so_too(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is over after the wait, when the second request would go out."""
    with account(answering(lambda action, words: error("Throttling")), secret) as (collector, link):
        monkeypatch.setattr(link, "pause", lambda seconds: setattr(link, "deadline", 0.0))
        with pytest.raises(TimedOut, match="is throttled, 2 times until the deadline"):
            collector.collect(DATABASE, link)


def test_a_mishap_is_asked_again_a_few_times(secret: str) -> None:
    answer = answering(lambda action, words: error("InternalFailure"), "500 No")
    with account(answer, secret) as (collector, link), pytest.raises(BadAnswer):
        collector.collect(DATABASE, link)
    assert 3 == len(link.requests)


def test_a_load_balancer_with_its_policies_and_targets(secret: str) -> None:
    found = asked(BALANCER, secret)
    assert [("HTTPS", ("TLSv1.2", "TLSv1.3")), ("HTTP", None)] == [
        (one.protocol, one.protocols) for one in found.listeners
    ]
    assert [("redirect", "HTTPS")] == [(one.action, one.to) for one in found.listeners if not one.secure]
    assert [("10.0.0.1:8080", "healthy")] == [(one.name, one.state) for one in found.groups[0].targets]


def test_what_of_a_load_balancer_is_refused_hides_nothing_else(secret: str) -> None:
    found = asked(BALANCER, secret, only("DescribeTargetHealth", error("AccessDenied")))
    assert (2, None) == (len(found.listeners), found.groups)
    assert ("the right elasticloadbalancing:DescribeTargetHealth is missing",) == found.unseen


def test_a_vault_has_its_points_and_jobs(secret: str) -> None:
    found = asked(VaultOf(target="x", name="nightly"), secret)
    resource = "eu-west-1a"
    assert (resource,) == found.resources
    assert (3, "COMPLETED") == (found.newest(resource).made.hour, found.last_job(resource).state)


def test_the_account_is_proven_by_the_keys(secret: str) -> None:
    with account(answering(lambda action, words: None), secret, identity={"account": ACCOUNT}) as (
        collector,
        link,
    ):
        report = collector.identify(link)
    assert ({"account": ACCOUNT}, "eu-west-1a") == (report.identity, report.authenticated_as)


def test_what_is_missing_is_found_by_asking(secret: str) -> None:
    """A thing that is not there, and a request that makes no sense, are no refusals."""

    def change(action: str, words: dict[str, str]) -> bytes | None:
        codes = {"DescribeTargetHealth": "TargetGroupNotFound", "DescribeListeners": "ValidationError"}
        if action == "DescribeDBSnapshots":
            return error("AccessDenied")
        return error(codes[action]) if action in codes else None

    needs = [
        *BACKUPS.needs,
        *BALANCER.needs,
        *ReplicationGroupOf(target="x", name="y").needs,
        *DATABASE.needs,
    ]
    with account(answering(change), secret) as (collector, link):
        assert [Need("rds:DescribeDBSnapshots")] == collector.lacks(needs, link)


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_where_no_aws_answers_nothing_tells_that_no_right_is_missing(secret: str, status: str) -> None:
    page = faulty.http(b"<html>Welcome</html>", "Content-Type: text/html", status=status)
    needs = [*DATABASE.needs, *BALANCER.needs[:1], *RIGHTS.identity]
    with account(lambda action, words: page, secret) as (collector, link):
        for need in needs:
            with pytest.raises((BadAnswer, NotFound)):
                collector.lacks([need], link)


def test_every_right_that_is_needed_has_a_probe(secret: str) -> None:
    kinds: tuple[type[Named], ...] = (
        DatabaseOf,
        DatabaseBackupsOf,
        ReplicationGroupOf,
        LoadBalancerOf,
        VaultOf,
    )
    with account(answering(lambda action, words: None), secret) as (collector, link):
        needed = {need.verb for kind in kinds for need in (*kind.needs, *RIGHTS.identity)}
        assert needed == set(collector._probes(link))


@pytest.mark.parametrize("kind", [DatabaseOf, DatabaseBackupsOf, ReplicationGroupOf, LoadBalancerOf, VaultOf])
def test_what_is_asked_is_what_its_rights_are_for(secret: str, kind: type[Named]) -> None:
    """Each right is used, by an instance of its own, by one of a cluster, or by one that is away; and no other."""
    cluster = "<DBCluster><DBClusterIdentifier>c</DBClusterIdentifier><Status>available</Status></DBCluster>"

    def clustered(action: str, words: dict[str, str]) -> str | None:
        if action == "DescribeDBInstances":
            return instances(instance(DBClusterIdentifier="c", DBInstanceStatus="rebooting"))
        return (
            document(action, f"<DBClusters>{cluster}</DBClusters>")
            if action == "DescribeDBClusters"
            else None
        )

    used = set()
    for change in (clustered, lambda action, words: None):
        with account(answering(change), secret) as (collector, link):
            collector.collect(kind(target="x", name=NAME), link)
        for path in link.paths:
            _, service, action = path.partition("?")[0].split(" ")[1].split("/")
            used.add(f"{service.replace('elbv2', 'elasticloadbalancing')}:{action}")
    assert {need.verb for need in kind.needs} == used


def test_the_policy_reads_in_one_region_and_nothing_more() -> None:
    target = target_of("aws", region="eu-west-1", access_key={"env": "A"}, secret_key={"env": "S"})
    (file,) = RIGHTS.files(
        [Need("rds:DescribeDBInstances"), Need("backup:ListBackupJobs")], target, Account()
    )
    assert '"backup:ListBackupJobs",\n        "rds:DescribeDBInstances"' in file.text
    assert '"aws:RequestedRegion": "eu-west-1"' in file.text
    assert not any(word in file.text for word in ("Create", "Delete", "Modify", "rds:*"))


def test_nothing_comes_from_the_shell(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_RDS", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "mars-north-1")
    assert asked(DATABASE, secret).found


def settings(**more: Any) -> Any:
    keys = {"access_key": {"env": "A"}, "secret_key": {"env": "S"}}
    return settings_of("aws").model_validate({"region": "eu-west-1", **keys, **more}, context="/")


def test_each_service_has_its_server() -> None:
    assert "https://elasticloadbalancing.eu-west-1.amazonaws.com" == settings().url("elbv2")
    assert "https://rds.cn-north-1.amazonaws.com.cn" == settings(region="cn-north-1").url("rds")
    assert "rds.eu-west-1.amazonaws.com:443" in settings().hosts(("access_key",))
    assert ("moto.example.com:443",) == settings(endpoint="https://moto.example.com").hosts(("access_key",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"region": "EU west"}, "not a region"),
        ({"endpoint": "http://moto.example.com"}, "plain http"),
        ({"identity": {"account": "123"}}, "no account"),
        ({"identity": {"certificate-sha256": "ab"}}, "needs an https endpoint"),
        ({"secret_key": "wJalrXUtnFEMI"}, "a secret in the file"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**given)
